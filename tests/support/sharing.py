"""What is dear is made once in a run, by whichever of its processes needs it first."""

import contextlib
import os
import tempfile
from pathlib import Path


def made_once(factory, name, make):
    """Give the folder or file that ``make`` writes to the path it is handed; processes of one run share it.

    It is written beside and then renamed, so that no process takes half of it for whole.
    """
    place, lock = factory.getbasetemp(), contextlib.nullcontext()
    if "PYTEST_XDIST_WORKER" in os.environ:
        from filelock import FileLock

        place = place.parent
        lock = FileLock(place / f"{name}.lock")
    made = place / name
    with lock:
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=place) as beside:
                make(Path(beside, name))
                Path(beside, name).rename(made)
    return made
