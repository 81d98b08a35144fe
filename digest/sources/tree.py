"""XML from strangers, read into a small tree, within the bounds of `walking`. Pure.

What is not well-formed gives what was closed before the damage. Encodings that lie are seen through: bytes that
are valid UTF-8 are UTF-8, whatever the declaration says.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from digest.sources.untrusted import UnreadableListing, decoded
from digest.sources.walking import Bounds, walk

LARGEST = 20_000_000  # bytes
DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,400}\?>")  # where the document begins
DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{2,30})["']""")
KNOWN = re.compile(r"iso-8859-\d+|windows-\d+|cp\d+|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift_jis|"
                   r"iso-2022-jp|utf-?16(?:le|be)?|utf-?32", re.IGNORECASE)  # fmt: skip
EAST_ASIAN = re.compile(r"gb|big5|euc|shift|iso-2022")
WIDE = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"), (b"<\0r\0", "utf-16-le"), (b"\0<\0r", "utf-16-be"))
CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NO_ATTRIBUTES: Mapping[str, str] = {}
LATER = "Look again later; the last good look stands"


@dataclass(slots=True)
class Node:
    """An element: its local name in lower case, its attributes by local name, its text before the first child."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)
    closed: bool = False
    tail: str = ""

    def every(self, *names: str) -> Iterator[Node]:
        """The children of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> str:
        """The text of the first child of these names that has one, else ""."""
        for child in self.children:
            if child.name in names and (text := child.whole_text().strip()):
                return text
        return ""

    def whole_text(self) -> str:
        """All text inside, in order."""
        if not self.children:
            return self.text
        return "".join((self.text, *(piece for child in self.children for piece in (child.whole_text(), child.tail))))


@dataclass(frozen=True, slots=True)
class Tree:
    """What could be read, and what is wrong with the rest: "" when the document is well-formed."""

    root: Node
    damage: str


def as_text(body: bytes) -> str:
    """The document as text, without its XML declaration and without characters that XML forbids."""
    text = _decoded(body)
    declaration = DECLARATION.match(text)
    return _allowed(text[declaration.end() :] if declaration else text)


def read_tree(body: bytes, where: str) -> Tree:
    """The tree of a document. Raises UnreadableListing for a DTD, for too much of it, and without any element."""
    if len(body) > LARGEST:
        raise UnreadableListing(f"the XML is too big: {len(body)} bytes", where, LATER)
    return read_text(as_text(body), where)


def read_text(text: str, where: str) -> Tree:
    """As `read_tree`, of a document that is text already."""
    builder, damage = walk(text, where, _Builder)
    return Tree(builder.root or Node("", NO_ATTRIBUTES), damage)


class _Builder(Bounds):
    """Expat's events made into nodes."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.root: Node | None = None
        self.open: list[Node] = []
        self.last: Node | None = None  # the child that was closed last: text goes to its tail
        self.pieces: list[str] = []
        self.locals: dict[str, str] = {}

    def start(self, tag: str, attributes: list[str]) -> None:
        if self.pieces:
            self._flush()
        super().start(tag, attributes)
        node = Node(self._local(tag), self._named(attributes) if attributes else NO_ATTRIBUTES)
        if self.open:
            self.open[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self.open.append(node)
        self.last = None

    def end(self, tag: str) -> None:
        if self.pieces:
            self._flush()
        super().end(tag)
        self.last = self.open.pop()
        self.last.closed = True

    def data(self, text: str) -> None:
        self.pieces.append(text)

    def _flush(self) -> None:
        text = "".join(self.pieces)
        self.pieces.clear()
        if self.last is not None:
            self.last.tail = text
        elif self.open:
            self.open[-1].text = text

    def _named(self, attributes: list[str]) -> dict[str, str]:
        return {self._local(name): value for name, value in zip(attributes[::2], attributes[1::2], strict=True)}

    def _local(self, name: str) -> str:
        """The local name in lower case; a document has few, so each is worked out once."""
        local = self.locals.get(name)
        if local is None:
            local = self.locals[name] = name.rpartition("}")[2].rpartition(":")[2].lower()
        return local


def _allowed(text: str) -> str:
    """The text without characters that XML forbids; asking whether there are any is cheap."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return NOT_XML.sub("", text)
    forbidden = len(raw.translate(None, CONTROLS)) < len(raw) or "\ufffe" in text or "\uffff" in text
    return NOT_XML.sub("", text) if forbidden else text


def _decoded(body: bytes) -> str:
    for start, encoding in WIDE:
        if body.startswith(start):
            return body.decode(encoding, "replace")
    declared = _declared(body)
    if declared and not body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _by_declaration(body, declared)
    return decoded(body)


def _declared(body: bytes) -> str:
    """The declared encoding, when it is one that feeds have and not UTF-8."""
    found = DECLARED.match(body[:400].lstrip())
    name = found[1].decode("ascii").lower() if found else ""
    return name if KNOWN.fullmatch(name) else ""


def _by_declaration(body: bytes, encoding: str) -> str:
    """UTF-8 where it is that; but the scripts of East Asia may look like UTF-8, so they are tried first."""
    if encoding.startswith("utf"):  # a declaration that could be read as ASCII is not in UTF-16
        return decoded(body)
    if encoding == "iso-8859-1":
        encoding = "cp1252"  # what browsers take it for
    for tried in (encoding, "utf-8") if EAST_ASIAN.match(encoding) else ("utf-8",) if not body.isascii() else ():
        try:
            return body.decode(tried)
        except (UnicodeDecodeError, LookupError):
            continue
    try:
        return body.decode(encoding, "replace")
    except LookupError:
        return decoded(body)
