"""From Markdown to HTML in which nothing runs and nothing is fetched."""

from __future__ import annotations


def to_html(text: str, *, under: int = 0) -> str:
    r"""Render Markdown: HTML in it is shown as text, and images and links as their words.

    Parameters
    ----------
    text : str
        Markdown with tables.
    under : int, default=0
        The level of the heading above it: a first heading becomes one level lower.

    Examples
    --------
    >>> to_html("# Card <script>", under=1)
    '<h2>Card &lt;script&gt;</h2>\n'
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + under, 6)}"
    reader.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0">\n<table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html
