"""Run the notebooks and keep them with what they show.

    python docs/_site/run_notebooks.py build/notebooks

Each ``notebooks/*.py`` becomes an ``.ipynb``. One that ends early (a notebook on real data that are not here)
keeps what it said until then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def run_notebook(script: Path, out: Path) -> None:
    """Run one notebook from top to bottom, in the folder of the results."""
    notebook = jupytext.read(script)
    client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(out)}})
    try:
        client.execute()
    except CellExecutionError as error:
        if error.ename != "SystemExit":
            raise
    nbformat.write(notebook, out / f"{script.stem}.ipynb")


if __name__ == "__main__":
    os.environ["PYTHONWARNINGS"] = "ignore:IProgress not found"  # shap asks for widgets: a page has none
    to = Path(sys.argv[1])
    to.mkdir(parents=True, exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("*.py")):
        run_notebook(path, to)
