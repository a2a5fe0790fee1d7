"""The modules of the library and of the service."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def named_modules():
    """Every module by its dotted name."""
    files = dict.fromkeys((ROOT / "src").rglob("*.py"), ROOT / "src")
    files |= dict.fromkeys((ROOT / "serving").rglob("*.py"), ROOT)
    names = {}
    for file, top in sorted(files.items()):
        parts = file.relative_to(top).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


MODULES = named_modules()
