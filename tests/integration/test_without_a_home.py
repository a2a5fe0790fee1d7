"""The library is imported by a user without a home, on a disk that is only read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "dropout_risk"
ASK = """
import os
from dropout_risk.features import class_context
folder = os.environ["NUMBA_CACHE_DIR"]
print(folder, oct(os.stat(folder).st_mode & 0o777))
"""


def library_without_a_place_for_caches(folder):
    copied = shutil.copytree(SOURCE, folder / "dropout_risk", ignore=shutil.ignore_patterns("__pycache__"))
    for package in (copied, *(path for path in copied.rglob("*") if path.is_dir())):
        (package / "__pycache__").touch()  # a file where the folder would be: nobody can write into it


def test_compiled_loops_are_kept_in_a_private_folder_that_goes_with_the_process(tmp_path):
    library_without_a_place_for_caches(tmp_path)
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    }
    ended = subprocess.run(
        [sys.executable, "-c", ASK], env=kept | {"PYTHONPATH": str(tmp_path), "HOME": "/dev/null"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    folder, mode = ended.stdout.split()
    assert mode == "0o700"
    assert not Path(folder).exists()
