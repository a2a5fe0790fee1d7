"""Make the demonstration's bundle again, bit by bit: ``python models/make_demo.py [FOLDER]``.

Nothing of it depends on the day, the folder or the number of threads. The kernels of OpenBLAS and NumPy are
chosen by the processor, and round otherwise; here they are those that every x86-64 server has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parent / "demo"
ALIKE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "PYTHONHASHSEED": "0",
}
N_PUPILS, SEED = 1000, 7


def make_demo(folder: Path) -> None:
    """Train on a small simulated district, and save the bundle."""
    import dropout_risk as dr

    settings = dr.Settings(models={"candidate": "logistic"}, tracking={"model_name": "demo"})
    records = dr.simulate_district(n_students=N_PUPILS, seed=SEED)
    dr.train(records, settings, track=False).model.save(folder)


def make_demo_alike(folder: Path) -> None:
    """Do it in a process of its own, whose libraries compute as they do elsewhere."""
    words = [sys.executable, "-W", "ignore", __file__, str(folder), "--here"]
    subprocess.run(words, check=True, env=os.environ | ALIKE)  # noqa: S603


if __name__ == "__main__":
    asked = Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO
    (make_demo if "--here" in sys.argv else make_demo_alike)(asked)
