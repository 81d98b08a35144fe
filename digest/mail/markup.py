"""What a mail program finds in HTML: what would run, ask or load, and the links that a reader sees. Pure.

It is read as written, by the standard library's parser. What somebody hides on purpose and with art is not found;
what happens to people is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from digest.mail.form import DONE, EACH, END, MIDDLE, SLOT, WHEN

# Elements that run, ask or load, or take what follows for something else than HTML.
NONE_OF = frozenset(
    {"applet", "audio", "base", "bgsound", "button", "embed", "form", "frame", "frameset", "iframe", "input",
     "link", "math", "noembed", "noframes", "object", "plaintext", "script", "select", "source", "svg",
     "template", "textarea", "track", "video", "xmp"}
)  # fmt: skip
# Attributes whose address is loaded or told as soon as a mail is opened, or when its links are used.
LOADS = frozenset(
    {"action", "archive", "background", "classid", "codebase", "data", "dynsrc", "formaction", "icon",
     "imagesrcset", "lowsrc", "manifest", "ping", "poster", "src", "srcset"}
)  # fmt: skip
LINKS = frozenset({"href", "xlink:href"})
PAGES = "web|me|leave|edit|less|page|link|panel"  # the slots that are addresses
WEB = re.compile(rf"\s*(?:https?:|mailto:|#|{SLOT}(?:{PAGES}){END})", re.IGNORECASE)
ELSEWHERE = re.compile(rf"\s*https?:[^{SLOT}]*{SLOT}", re.IGNORECASE)
FETCHES = re.compile(
    r"(?:url|image|image-set|src|cross-fade)\s*\(|@import|@font-face|https?:"
    r"|expression\s*\(|behaviou?r\s*:|-binding\s*:|</",
    re.IGNORECASE,
)
HIDES = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?:opacity|font-size|max-height)\s*:\s*0(?:\.0*)?(?:px|pt|em|%)?\s*(?:!|;|$)|font\s*:[^;]*(?<![\d.])0(?:px|pt)?[\s/])",
    re.IGNORECASE,
)
UNSEEN = frozenset({"head", "title", "style"})  # elements whose text nobody sees
VOID = frozenset(
    {"area", "br", "col", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)  # fmt: skip
MARK = re.compile(f"(?:[{WHEN}{EACH}][a-z_]*|{DONE}){END}")  # of a block, as a comment
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.DOTALL)
REMARK = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
NOTHING = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"
)
# A value that gives itself away where quotes are missing, and in a style.
UNQUOTED = "x unquoted=x"


def fetched(style: str) -> tuple[str, int] | None:
    """What would load something in a style, and its line; None when nothing does.

    A sign may be written as an escape, and a remark may stand anywhere, so it is read in all three ways.
    """
    plain = ESCAPE.sub(_escaped, style)
    for text in (style, plain, REMARK.sub(_lines, plain)):
        found = FETCHES.search(text)
        if found:
            return found[0], text.count("\n", 0, found.start()) + 1
    return None


def hides(style: str) -> bool:
    """Whether an element with this style is not seen."""
    return HIDES.search(REMARK.sub("", ESCAPE.sub(_escaped, style))) is not None


class Reading(HTMLParser):
    """HTML as a mail program reads it; in a part, the blocks are marked still."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[tuple[int, str]] = []  # line, what has no place in a mail
        self.links: set[str] = set()  # addresses behind text that is seen, outside of any block
        self._blocks = 0
        self._open: list[tuple[str, bool]] = []  # elements; whether what is in them is hidden
        self._link = ""
        self.feed(html)
        if self.rawdata.startswith("<!--"):  # what is not read yet: it waits for its end
            self.wrong.append((self.getpos()[0], "a comment that is not closed"))
        self.close()

    def handle_comment(self, data: str) -> None:
        """Blocks are comments, and so is what is for one mail program only."""
        if any(sign in data for sign in (WHEN, EACH, DONE)) and not MARK.fullmatch(data):
            self.wrong.append((self.getpos()[0], "a comment that is not closed before the next block"))
        if data.startswith("[if"):
            line = self.getpos()[0] - 1
            inner = Reading(data.partition(">")[2])
            self.wrong += [(line + at, said) for at, said in inner.wrong]
        self._blocks += data.startswith((WHEN, EACH))
        self._blocks -= data.startswith(DONE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements and attributes that do something."""
        self.wrong += [(self.getpos()[0], said) for said in _wrong(tag, attrs)]
        if tag in VOID:
            return
        told = {name: value or "" for name, value in attrs}
        hidden = tag in UNSEEN or "hidden" in told or hides(told.get("style", ""))
        self._open.append((tag, hidden or self._hidden))
        if tag == "a":
            self._link = "" if self._blocks else told.get("href", "").strip()

    def handle_endtag(self, tag: str) -> None:
        """Ends the element, and what was left open in it."""
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        if tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        """Text: of a style, or of a link."""
        if self._open and self._open[-1][0] == "style":
            self.wrong += [(self.getpos()[0] + at, said) for at, said in _wrong_style(data)]
        elif self._link and not self._blocks and not self._hidden and not NOTHING.fullmatch(data):
            self.links.add(self._link)

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def _wrong(tag: str, attrs: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    if tag in NONE_OF:
        yield f"<{tag}>"
    if tag == "meta" and any(name == "http-equiv" and (value or "").lower() != "content-type" for name, value in attrs):
        yield "<meta http-equiv>"
    for name, value in attrs:
        yield from _wrong_attribute(name, value or "")


def _wrong_attribute(name: str, value: str) -> Iterator[str]:
    if name == "unquoted":
        yield "a value without quotes around it"
    if name.startswith("on"):
        yield name
    if name in LOADS and value.strip():
        yield f"{name}={value!r}, which loads something from elsewhere,"
    if name in LINKS and not WEB.match(value or "#"):
        yield f"{name}={_shown(value)}"
    if name in LINKS and ELSEWHERE.match(value):
        yield f"a link to elsewhere that tells it what is the reader’s ({_shown(value)})"
    if name == "style":
        yield from (f"style={_shown(value)}: {said}" for _, said in _wrong_style(value))


def _wrong_style(style: str) -> Iterator[tuple[int, str]]:
    found = fetched(style)
    if found:
        yield found[1] - 1, f"{found[0]} in a style, which loads something from elsewhere,"
    if any(sign in style for sign in (SLOT, WHEN, EACH, MIDDLE, UNQUOTED)):
        yield 0, "a slot, a block or data of a paper in a style"


def _shown(value: str) -> str:
    """A value as it was written: {{ slot.name }} for what marks a slot."""
    return repr(re.sub(f"{SLOT}([a-z_]*){END}", r"{{ slot.\1 }}", value))


def _escaped(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else 0
    return found[2] or (chr(number) if 0 < number <= 0x10FFFF else "\ufffd")


def _lines(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")
