"""What a page or notebook uses is a public name: of dropout_risk, or of one package below it."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import dropout_risk

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
    *sorted((ROOT / "notebooks").glob("*.py")),
]
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def imports_in(page):
    """The modules of ours that a page imports, each with the names that it takes."""
    text = page.read_text(encoding="utf-8")
    for code in BLOCK.findall(text) if page.suffix == ".md" else [text]:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dropout_risk":
                yield node.module, [name.name for name in node.names]
            elif isinstance(node, ast.Import):
                yield from ((name.name, []) for name in node.names if name.name.startswith("dropout_risk"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_imports_deeper_than_a_public_name_of_a_package(page):
    deep = [module for module, _ in imports_in(page) if module.count(".") > 1]
    hidden = [
        f"{module}.{name}"
        for module, names in imports_in(page)
        for name in names
        if name not in getattr(import_module(module), "__all__", ())
        and not (module == "dropout_risk" and (ROOT / "src/dropout_risk" / name).is_dir())
    ]

    assert deep == []
    assert hidden == []


NAMED = re.compile(r"(?<!python -m )\bdropout_risk(?:\.[a-z_]+){2,}(?:\.\w+)?")
ELSEWHERE = ("docs/decisions", "docs/architecture.md")
"""Pages on the house itself, which name its rooms."""


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if not page.relative_to(ROOT).as_posix().startswith(ELSEWHERE)],
    ids=lambda page: page.name,
)
def test_no_page_tells_of_a_module_that_is_not_public(page):
    told = [
        name
        for name in NAMED.findall(page.read_text(encoding="utf-8"))
        if name.rsplit(".", 1)[1] not in getattr(import_module(name.rsplit(".", 1)[0]), "__all__", ())
    ]

    assert [name for name in told if name != "dropout_risk.spark.daemon"] == []  # Spark's setting, no import


def test_what_public_functions_give_back_is_public_as_well():
    public = {
        getattr(module, name)
        for module in (import_module(f"dropout_risk{below}") for below in packages_below())
        for name in getattr(module, "__all__", ())
        if isinstance(getattr(module, name), type)
    }
    given = {
        kind
        for name in dropout_risk.__all__
        for kind in given_back(getattr(dropout_risk, name))
        if kind.__module__.startswith("dropout_risk")
    }

    assert len(given) > 10
    assert sorted(kind.__qualname__ for kind in given - public) == []


def packages_below():
    """The package and those below it, as they follow its name."""
    return ["", *(f".{path.parent.name}" for path in (ROOT / "src/dropout_risk").glob("*/__init__.py"))]


def given_back(item):
    """The classes that a function, or the public methods of a class, give back."""
    methods = (
        [method for name, method in inspect.getmembers(item, callable) if not name.startswith("_")]
        if isinstance(item, type)
        else [item]
    )
    for method in methods:
        told = getattr(method, "__annotations__", {}).get("return", "")
        home = sys.modules[getattr(method, "__module__", None) or "builtins"]
        for word in re.findall(r"[A-Z]\w+", str(told)):
            kind = getattr(home, word, None)
            if isinstance(kind, type):
                yield kind


def test_the_public_names_of_every_package_are_there_and_no_module_of_it_hides_one():
    packages = [path.parent.name for path in (ROOT / "src/dropout_risk").glob("*/__init__.py")]
    clashes = []
    for package in packages:
        module = import_module(f"dropout_risk.{package}")
        for name in getattr(module, "__all__", ()):
            assert getattr(module, name) is not None
            if (ROOT / f"src/dropout_risk/{package}/{name}.py").exists():
                clashes.append(f"{package}.{name}")

    assert clashes == []


def test_a_deep_import_would_be_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nfrom dropout_risk.casebook.book import Book\n```\n", encoding="utf-8")

    assert [module.count(".") > 1 for module, _ in imports_in(page)] == [True]
