"""What the site has that does not lie in ``docs``: the front page, the Python API and the notebooks that were run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

import dropout_risk

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "build" / "notebooks"
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


def on_config(config: Any) -> Any:
    """Put every page of a folder that the navigation names as ``folder/`` into it, by name."""
    pages = {file.src_uri for file in generated_files(config)}
    pages |= {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    config.nav = _unfolded(config.nav, sorted(pages))
    return config


def _unfolded(entry: Any, pages: list[str]) -> Any:
    if isinstance(entry, list):
        return [_unfolded(item, pages) for item in entry]
    if isinstance(entry, dict):
        return {title: _unfolded(item, pages) for title, item in entry.items()}
    if str(entry).endswith("/"):
        return [page for page in pages if page.startswith(str(entry))]
    return entry


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    for file in generated_files(config):
        files.append(file)
    return files


def generated_files(config: Any) -> list[File]:
    """Make the front page, a page for each public name, and one for each notebook."""
    front = File.generated(config, "index.md", content=_of_docs((ROOT / "README.md").read_text("utf-8")))
    notebooks = [
        File.generated(config, f"notebooks/{path.name}", abs_src_path=str(path))
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ]
    style = File.generated(config, "_site.css", abs_src_path=str(Path(__file__).with_name("site.css")))
    return [front, style, *api_pages(config), *notebooks]


def api_pages(config: Any) -> list[File]:
    """Make a page for each public name, and the list of all with their first sentences."""
    pages, lines = [], []
    for name in sorted(dropout_risk.__all__, key=str.lower):
        item = getattr(dropout_risk, name)
        home = f"{item.__module__}.{item.__qualname__}"
        text = f"---\ntitle: {name}\n---\n`from dropout_risk import {name}`\n\n::: {home}\n"
        pages.append(File.generated(config, f"api/{name}.md", content=text))
        lines.append(f"| [`{name}`]({name}.md) | {(item.__doc__ or '').strip().splitlines()[0]} |")
    table = "\n".join(["# Python API", "", "| name | what it is |", "|---|---|", *lines])
    return [File.generated(config, "api/index.md", content=table), *pages]


def _of_docs(readme: str) -> str:
    """Let the links of the README begin in ``docs``."""
    return readme.replace("](docs/", "](").replace("](notebooks/", "](../notebooks/")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to notebooks to their pages; leave of links to other files outside of ``docs`` their words."""
    here = (ROOT / "docs" / page.file.src_uri).parent

    def led(link: re.Match[str]) -> str:
        words, target = link.groups()
        if "://" in target or target.startswith("#"):
            return link.group()
        path = (here / target.split("#")[0]).resolve()
        up = "../" * page.file.src_uri.count("/")
        if path.parent == ROOT / "notebooks" and (NOTEBOOKS / path.with_suffix(".ipynb").name).exists():
            return f"[{words}]({up}notebooks/{path.stem}.ipynb)"
        if path == ROOT / "docs" / "decisions":
            return f"[{words}]({up}decisions/0001-layers.md)"
        return link.group() if path.is_relative_to(ROOT / "docs") else words

    return _LINK.sub(led, markdown)
