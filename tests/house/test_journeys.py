"""docs/architecture.md is true: its packages are the layers, and its journeys are what the code does."""

import difflib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from house.walk import JOURNEYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def part_of_page(heading):
    return re.split(r"^#+ ", PAGE.partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def told_journey(title):
    return re.findall(r"^\d+\. `([\w.]+)`", part_of_page(title), flags=re.MULTILINE)


def similar_names(name, walked):
    words = set(last_part(name).split("_")) - {""}
    sharing = [other for other in walked if words & set(last_part(other).split("_"))]
    return list(dict.fromkeys([*difflib.get_close_matches(name, walked, n=5), *sharing]))[:8]


def last_part(name):
    return name.rpartition(".")[2]


def strayed_from(told, walked):
    """What of a told journey was not walked, or not in this order; in words."""
    order, last, found = {name: number for number, name in enumerate(walked)}, "", []
    for name in told:
        if name not in order:
            found.append(f"{name} was not called; these were: {similar_names(name, walked)}")
        elif last and order[name] < order[last]:
            found.append(f"{name} is first called before {last}")
        else:
            last = name
    return found


@pytest.fixture(scope="module")
def walked(bundle, tmp_path_factory):
    """What each journey calls, walked in a process of its own."""
    env = os.environ | {"BENTOML_HOME": str(tmp_path_factory.mktemp("bentoml"))}
    command = [sys.executable, str(ROOT / "tests" / "house" / "walk.py"), str(bundle)]
    said = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
    return json.loads(said.stdout.splitlines()[-1])


@pytest.mark.parametrize("title", JOURNEYS)
def test_a_journey_is_what_the_page_tells(title, walked):
    told = told_journey(title)

    assert len(told) > 5
    assert strayed_from(told, walked[title]) == [], f"docs/architecture.md is stale: {title}"


def test_a_function_that_is_missing_is_named_with_those_like_it():
    (found,) = strayed_from(["text.Text.fill", "text.Text.joined"], ["text.Text.fill", "text.Text.join"])

    assert found == "text.Text.joined was not called; these were: ['text.Text.join', 'text.Text.fill']"


def test_a_function_that_comes_too_early_is_named():
    assert strayed_from(["a.b", "a.c"], ["a.c", "a.b"]) == ["a.c is first called before a.b"]


def test_the_rooms_of_the_page_are_the_layers_from_the_ground_up():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = re.findall(r"^\| `(\w+)` \|", part_of_page("The rooms, from the ground up"), flags=re.MULTILINE)

    assert rooms == layers[::-1]
