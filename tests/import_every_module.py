"""Import every public module, and check that the import of the package itself stays quick."""

import importlib
import pkgutil
import subprocess
import sys

import dropout_risk

HEAVY = ("mlflow", "shap", "bentoml", "lightgbm", "sklearn", "pandas", "pyarrow", "matplotlib")


def main() -> None:
    """Import the modules one by one; fail on the first that cannot be."""
    code = f"import sys, dropout_risk; print(*(set({HEAVY}) & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if loaded.stdout.strip():
        sys.exit(f"import dropout_risk also imports {loaded.stdout.strip()}")
    names = [item.name for item in pkgutil.walk_packages(dropout_risk.__path__, "dropout_risk.")]
    for name in names:
        importlib.import_module(name)
    for name in dropout_risk.__all__:
        getattr(dropout_risk, name)
    print(f"{len(names)} modules and {len(dropout_risk.__all__)} public names imported")


if __name__ == "__main__":
    main()
