"""One word for one thing in Chinese: what gave way to another word stands nowhere that people read."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from support.left_words import LEFT, left_words

ROOT = Path(__file__).parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")

GIVEN = {
    "src/dropout_risk/proposals/known_names.toml": "headers and words that schools write, which are read",
    "src/dropout_risk/records/wording/mapping_zh.toml": "headers and words of schools, which are read",
    "src/dropout_risk/records/statuses.py": "words that schools write for a status, which are read",
    "src/dropout_risk/records/reading.py": "two words that schools write, which are told apart",
}
"""Files that hold what is given to the library, not what it says."""
ALLOWED = {
    ("src/dropout_risk/settings.py", "上学日"): "a notice also goes to people outside of schools",
    ("docs/how-to/notices.md", "上学日"): "shows that notice",
    ("src/dropout_risk/evaluation/", "对数几率"): "the report is read by those who check, and explains it",
    ("src/dropout_risk/scoring/model_parts.py", "对数几率"): "stands in the report, which explains it",
    (
        "src/dropout_risk/catalogue/grades.py",
        "个标准差",
    ): "told where no rows are known; pages tell points",
    ("docs/reference/catalogue.md", "个标准差"): "shows that sentence of the catalogue",
    ("src/dropout_risk/evaluation/questions/leak_section.py", "理由"): "why a person allowed it",
    ("src/dropout_risk/evaluation/model_card/statement.py", "理由"): "why a person approved it",
    ("src/dropout_risk/evaluation/report_tables.py", "理由"): "why a person allowed it",
}
"""Left words that stay, by the file (or the folder) and the word, with the reason."""


def _texts_of_code(path: Path) -> list[str]:
    """Give the strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
    ]


def _texts_of_toml(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts_of_toml(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts_of_toml(part)]
    return [value] if isinstance(value, str) else []


@cache
def texts_of(path: Path) -> list[str]:
    """Give the texts of a file that people may read, Chinese ones only."""
    if path.suffix == ".py":
        texts = _texts_of_code(path)
    elif path.suffix == ".toml":
        texts = _texts_of_toml(tomllib.loads(path.read_text(encoding="utf-8")))
    else:
        texts = path.read_text(encoding="utf-8").splitlines()
    return [text for text in texts if HAN.search(text)]


@cache
def read_files() -> list[str]:
    """Name every file with words for people."""
    found = [
        path
        for folder, kinds in {
            "src": ("py", "toml", "html"), "serving": ("py",), "docs": ("md",), "notebooks": ("py", "ipynb"),
        }.items()
        for kind in kinds
        for path in (ROOT / folder).rglob(f"*.{kind}")
    ]  # fmt: skip
    names = [str(path.relative_to(ROOT)) for path in [*found, ROOT / "README.md"]]
    return sorted(name for name in names if name not in GIVEN and texts_of(ROOT / name))


def is_allowed(name: str, said: str) -> bool:
    return any(name.startswith(place) and said.startswith(word) for place, word in ALLOWED)


@pytest.mark.parametrize("name", read_files())
def test_no_text_holds_a_word_that_gave_way_to_another(name):
    found = {
        (said, text.strip()[:80]) for text in texts_of(ROOT / name) for said in left_words(text)
        if not is_allowed(name, said)
    }  # fmt: skip
    assert found == set()


@pytest.mark.parametrize(("place", "word"), ALLOWED)
def test_every_exception_is_one(place, word):
    files = [name for name in read_files() if name.startswith(place)]
    assert any(word in text for name in files for text in texts_of(ROOT / name))


def test_a_left_word_in_a_text_is_found():
    assert left_words("今后90个上课日内") == ["上课日 → 教学日"]
    assert left_words("由县教育局处理") == ["由县教育局处理 → …办理"]
    assert left_words("点落在斜线上最好") == []
    assert len(LEFT) > 30
