"""A Markdown file becomes a page: anchors, a list of its parts, tables and code that scroll by themselves. Pure.

CommonMark (0.31) with tables, raw HTML off. What the house adds:

- The first heading is the page's title; every other heading gets an anchor from its words, as GitHub makes them.
- The items of a numbered list at the top level are anchors too, by their number: `#n12`.
- A link to another file here, `filters.md#dates`, leads to its page, and `pictures/x.png` to the picture: so the
  same links work where the repository is read.
- A block marked `filter` is a filter to try: a link searches with it.
- No style attribute: the site's policy forbids them. A right-aligned column has the class `num`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

FILE = re.compile(r"(?P<name>[a-z]+)\.md(?P<anchor>#.*)?")
PICTURE = re.compile(r"pictures/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page, for the list of what is on it."""

    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class Text:
    """A page: its title, the rest as HTML, and its parts in order."""

    title: str
    html: str
    parts: tuple[Part, ...]


def written(markdown: str, root: str) -> Text:
    """The page of a Markdown text; `root` is where the pages are, such as `/help/`, in whose place
    `readers.md` stands."""
    tokens = MARKDOWN.parse(markdown)
    first = next((place for place, token in enumerate(tokens) if token.type == "heading_open"), None)
    title = ""
    if first is not None:
        title = _words(tokens[first + 1])
        del tokens[first : first + 3]
    parts = _anchored(tokens)
    _labelled(tokens, title)
    for token in _flat(tokens):
        _mended(token, root)
    return Text(title, MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}), tuple(parts))


def slug(words: str) -> str:
    """The anchor of a heading: "Dates & times" is `dates--times`."""
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def _anchored(tokens: Sequence[Token]) -> list[Part]:
    """Gives the anchors, and returns those that belong in the list: second-level headings, or else decisions."""
    headings, items, taken = [], [], dict[str, int]()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _words(tokens[place + 1])
            name = slug(words)
            taken[name] = taken.get(name, -1) + 1
            token.attrSet("id", name if not taken[name] else f"{name}-{taken[name]}")
            if token.tag == "h2":
                headings.append(Part(str(token.attrs["id"]), words))
        elif token.type == "list_item_open" and token.level == 1 and token.info:
            token.attrSet("id", f"n{token.info}")
            items.append(Part(f"n{token.info}", f"{token.info}. {_strong(tokens[place + 2])}"))
    return headings or [item for item in items if not item.words.endswith(". ")]


def _labelled(tokens: Sequence[Token], title: str) -> None:
    """What scrolls by itself can be reached by keyboard, so it needs a name: the heading that it stands under."""
    heading = title
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _words(tokens[place + 1])
        elif token.type in ("fence", "code_block", "table_open"):
            token.meta["under"] = heading


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())


def _mended(token: Token, root: str) -> None:
    style = token.attrs.pop("style", "")
    if style == "text-align:right":
        token.attrJoin("class", "num")
    for name in ("href", "src"):
        if name in token.attrs:
            token.attrs[name] = _address(str(token.attrs[name]), root)


def _address(written_as: str, root: str) -> str:
    file = FILE.fullmatch(written_as)
    if file is not None:
        page = "" if file["name"] == "readers" else f"{file['name']}/"
        return f"{root}{page}{file['anchor'] or ''}"
    return f"{root}{written_as}" if PICTURE.fullmatch(written_as) else written_as


def _words(inline: Token) -> str:
    """What one reads of a line."""
    return "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))


def _strong(inline: Token) -> str:
    """The bold words that a line begins with, without their full stop."""
    children = [child for child in inline.children or () if child.type != "text" or child.content]
    if not children or children[0].type != "strong_open":
        return ""
    end = next(place for place, child in enumerate(children) if child.type == "strong_close")
    return "".join(child.content for child in children[1:end]).rstrip(".")


def _block(_: RendererHTML, tokens: Sequence[Token], place: int, *__: Any) -> str:
    token = tokens[place]
    code, under = escapeHtml(token.content.rstrip("\n")), escapeHtml(token.meta["under"])
    if token.info.strip() != "filter":
        return f'<pre class="well" tabindex="0" role="group" aria-label="Example: {under}">{code}</pre>\n'
    tried = quote(token.content.strip(), safe="")
    return (
        f'<div class="filter"><pre class="well" tabindex="0" role="group" aria-label="Filter: {under}">{code}</pre>'
        f'<a href="/?q={tried}">Try it<span class="hide">: {code}</span></a></div>\n'
    )


def _table(_: RendererHTML, tokens: Sequence[Token], place: int, *__: Any) -> str:
    under = escapeHtml(tokens[place].meta["under"])
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Table: {under}"><table>\n'


def _table_ends(*_: Any) -> str:
    return "</table></div>\n"


def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("fence", _block)
    reader.add_render_rule("code_block", _block)
    reader.add_render_rule("table_open", _table)
    reader.add_render_rule("table_close", _table_ends)
    return reader


MARKDOWN = _markdown()
