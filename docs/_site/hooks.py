"""What the site has that does not lie in ``docs``: front page, Python API, notebooks that were run."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

import dropout_risk

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "build" / "notebooks"
PACKAGES = (
    "dropout_risk",
    *(
        f"dropout_risk.{name}"
        for name in (
            "alerts",
            "casebook",
            "catalogue",
            "desk",
            "evaluation",
            "exchange",
            "features",
            "histories",
            "modelling",
            "monitoring",
            "pages",
            "proposals",
            "records",
            "scoring",
            "simulate",
            "spark",
            "tracking",
            "training",
            "watchlist",
        )
    ),
)
_ASKED = re.compile(
    r"""<(?:script|img|iframe|link rel="stylesheet")[^>]*(?:src|href)=["']?((?:https?:)?//[^"'> ]+)"""
)
_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data):\s*(<code>)~?")
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


@event_priority(100)
def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made, before plugins look for theirs."""
    for file in generated_files(config):
        files.append(file)
    return files


def generated_files(config: Any) -> list[File]:
    """Make the front page, a page for each public name, and one for each notebook."""
    front = File.generated(config, "index.md", content=_of_docs((ROOT / "README.md").read_text("utf-8")))
    notebooks = [
        File(f"notebooks/{path.name}", str(NOTEBOOKS.parent), config.site_dir, use_directory_urls=False)
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ]
    style = File.generated(config, "_site.css", abs_src_path=str(Path(__file__).with_name("site.css")))
    return [front, style, *api_pages(config), *notebooks]


def api_pages(config: Any) -> list[File]:
    """Make a page for each public name, and the list of all with their first sentences."""
    pages, lines = [], ["# Python API"]
    for package in PACKAGES:
        lines += ["", f"## `{package}`", "", "| name | what it is |", "|---|---|"]
        for name, item in _own_names(package).items():
            page = f"{package}.{name}"
            shown = getattr(item, "__module__", package), getattr(item, "__qualname__", name)
            text = f"---\ntitle: {name}\n---\n`from {package} import {name}`\n\n::: {'.'.join(shown)}\n"
            pages.append(File.generated(config, f"api/{page}.md", content=text))
            lines.append(f"| [`{name}`]({page}.md) | {(item.__doc__ or '').strip().splitlines()[0]} |")
    return [File.generated(config, "api/index.md", content="\n".join(lines)), *pages]


def _own_names(package: str) -> dict[str, Any]:
    """Give a package's public names with what they are, but for those that stand a level higher already."""
    module = import_module(package)
    above = dropout_risk.__all__ if package != PACKAGES[0] else []
    names = sorted(set(module.__all__) - set(above), key=str.lower)
    return {name: getattr(module, name) for name in names}


def _of_docs(readme: str) -> str:
    """Let the links of the README begin in ``docs``."""
    return readme.replace("](docs/", "](").replace("](notebooks/", "](../notebooks/")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to notebooks to their pages; of links to other files outside of ``docs`` leave the words."""
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
        inside = path.is_relative_to(ROOT / "docs")
        made = inside and files.get_file_from_path(path.relative_to(ROOT / "docs").as_posix()) is not None
        known = inside and (made or path.exists())
        return link.group() if known else words

    return _LINK.sub(led, markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Leave of a docstring's ``:class:`` and its like the name."""
    return _ROLE.sub(r"\1", html)


def on_post_build(config: Any) -> None:
    """Refuse a site of which a page asks another host for anything."""
    pages = list(Path(config.site_dir).rglob("*.html"))
    listed = (Path(config.site_dir) / "api" / "index.html").read_text("utf-8")
    unlinked = [
        page.name
        for page in pages
        if page.parent.name == "api" and f'href="{page.name}"><code>' not in listed
    ]
    if unlinked != ["index.html"]:
        raise PluginError(f"The list of the Python API leads not to {sorted(unlinked)[:5]}")
    asked = {f"{page.name}: {found}" for page in pages for found in _ASKED.findall(page.read_text("utf-8"))}
    if asked:
        raise PluginError(f"Pages ask other hosts: {sorted(asked)[:5]}")
