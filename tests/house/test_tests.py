"""Tests lie where docs/architecture.md says: by package, and one folder for each kind of claim besides."""

import re
from pathlib import Path

from house.modules import MODULES, ROOT

TESTS = ROOT / "tests"
PACKAGES = {
    name.split(".")[1]
    for name, file in MODULES.items()
    if file.name == "__init__.py" and name.startswith("dropout_risk.")
}
BESIDE = {"serving", "benchmarks"}
"""Code that is no package of the library, and has unit tests all the same."""


def folders_of(place: Path) -> set[str]:
    """The folders in which there are tests."""
    return {file.relative_to(place).parts[0] for file in place.glob("*/**/test_*.py")}


def test_every_folder_of_unit_tests_is_that_of_a_package():
    assert folders_of(TESTS / "unit") - PACKAGES == BESIDE


def test_every_package_has_a_folder_of_tests():
    assert PACKAGES - folders_of(TESTS / "unit") - folders_of(TESTS) == set()


def test_the_page_names_every_other_folder_of_tests():
    (entry,) = re.findall(
        r"^- \*\*A test\*\*:.*?\Z", (ROOT / "docs/architecture.md").read_text("utf-8"), re.M | re.S
    )

    assert {name for name in folders_of(TESTS) if f"tests/{name}/" not in entry} == set()
