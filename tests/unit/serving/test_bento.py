"""A bento is made of the versions that this repository is tested with."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("serve", "desk", "postgres")
"""What a bento and an image hold: the service with its desk and its audit, on either database."""
ROOT = Path(__file__).parents[3]


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if re.fullmatch(r"[\w.-]+==\S+", line))


def needed_by(name, extras, found):
    """Every package that one needs on this machine, and what these need."""
    for text in requires(name) or []:
        need = Requirement(text)
        known = any(need.marker is None or need.marker.evaluate({"extra": extra}) for extra in extras | {""})
        key = (canonicalize_name(need.name), frozenset(need.extras))
        if known and key not in found:
            found.add(key)
            needed_by(need.name, need.extras, found)
    return {package for package, _ in found}


def test_a_bento_installs_exactly_what_the_service_needs_in_tested_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for name in EXTRAS for text in project["optional-dependencies"][name]]
    asked = [Requirement(text) for text in (*project["dependencies"], *extras)]
    asked = [need for need in asked if need.name != project["name"]]
    needed = {canonicalize_name(need.name) for need in asked}
    for need in asked:
        needed |= needed_by(need.name, need.extras, set())
    listed = pins("serving/requirements.txt")
    assert {canonicalize_name(name) for name in listed} == needed
    assert listed.items() <= pins("constraints.txt").items()
