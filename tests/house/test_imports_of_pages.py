"""What a page or notebook uses is a public name: of dropout_risk, or of one package below it."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

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
