"""XML from strangers, read into a small tree. Pure.

A document type declaration is refused (entities that explode or name files begin there), so are trees too deep
or too large. What is not well-formed gives what was closed before the damage. Encodings that lie are seen
through: bytes that are valid UTF-8 are UTF-8, whatever the declaration says.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from digest.sources.untrusted import UnreadableListing, decoded

DEEPEST = 100
MOST_NODES = 400_000
LARGEST = 20_000_000  # bytes
DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,400}\?>")  # where the document begins
DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{2,30})["']""")
KNOWN = re.compile(r"iso-8859-\d+|windows-\d+|cp\d+|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift_jis|"
                   r"iso-2022-jp|utf-?16(?:le|be)?|utf-?32", re.IGNORECASE)  # fmt: skip
EAST_ASIAN = re.compile(r"gb|big5|euc|shift|iso-2022")
WIDE = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"), (b"<\0r\0", "utf-16-le"), (b"\0<\0r", "utf-16-be"))
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ROOT = re.compile(r"(<[A-Za-z_][\w:.-]*)[^<>]*")
PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):|\s([A-Za-z_][\w.-]*):[\w.-]+=")
MOST_PREFIXES = 50
DTD = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
MEND = "Ask the publisher for the feed without it"
LATER = "Look again later; the last good look stands"


@dataclass(slots=True)
class Node:
    """An element: its local name in lower case, its attributes by local name, its text before the first child."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)
    closed: bool = False
    tail: str = ""

    def every(self, *names: str) -> Iterator[Node]:
        """The children of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> str:
        """The text of the first child of these names that has one, else ""."""
        return next((text for child in self.every(*names) if (text := child.whole_text().strip())), "")

    def whole_text(self) -> str:
        """All text inside, in order."""
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
    return NOT_XML.sub("", text[declaration.end() :] if declaration else text)


def refuse_dtd(text: str, where: str) -> None:
    """Raise UnreadableListing for a document type declaration, wherever it stands before the first element."""
    place = text.find("<")
    while place >= 0 and text.startswith(("<!", "<?"), place):
        if DTD.match(text, place):
            raise UnreadableListing("the XML declares a document type (DTD), which may hide anything", where, MEND)
        closer = "-->" if text.startswith("<!--", place) else ">"
        end = text.find(closer, place)
        place = text.find("<", end + len(closer)) if end >= 0 else -1


def read_tree(body: bytes, where: str) -> Tree:
    """The tree of a document. Raises UnreadableListing for a DTD, for too much of it, and without any element."""
    if len(body) > LARGEST:
        raise UnreadableListing(f"the XML is too big: {len(body)} bytes", where, LATER)
    return read_text(as_text(body), where)


def read_text(text: str, where: str) -> Tree:
    """As `read_tree`, of a document that is text already."""
    refuse_dtd(text, where)
    tree = _tree(text, where)
    return _tree(_with_prefixes(text), where) if "unbound prefix" in tree.damage else tree


def _tree(text: str, where: str) -> Tree:
    builder = _Builder(where)
    parser = DefusedXMLParser(target=builder, encoding="utf-8", forbid_dtd=True)
    damage = ""
    try:
        parser.feed(text.strip().encode())
        parser.close()
    except ParseError as error:
        damage = _damage(error)
    except DefusedXmlException as error:
        raise UnreadableListing("the XML declares a document type (DTD) or entities", where, MEND) from error
    if builder.root is None:
        if "unbound prefix" in damage:
            return Tree(Node("", {}), damage)
        raise UnreadableListing(damage or "there is no XML element", where, LATER)
    return Tree(builder.root, damage)


def _with_prefixes(text: str) -> str:
    """The document with the prefixes declared that it forgot to declare: their names say enough."""
    root = ROOT.search(text)
    if root is None:
        return text
    used = dict.fromkeys(found[1] or found[2] for found in PREFIX.finditer(text))
    missing = [name for name in used if name not in ("xml", "xmlns") and f"xmlns:{name}" not in root[0]]
    declared = "".join(f' xmlns:{name}="urn:undeclared:{name}"' for name in missing[:MOST_PREFIXES])
    return f"{text[: root.end(1)]}{declared}{text[root.end(1) :]}"


class _Builder:
    """Expat's events made into nodes, as many and as deep as is reasonable."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.root: Node | None = None
        self.open: list[Node] = []
        self.last: Node | None = None  # the child that was closed last: text goes to its tail
        self.pieces: list[str] = []
        self.nodes = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._flush()
        self.nodes += 1
        if self.nodes > MOST_NODES or len(self.open) >= DEEPEST:
            what = "the XML is nested too deeply" if self.nodes <= MOST_NODES else "the XML has too many elements"
            raise UnreadableListing(what, self.where, "If it is meant to be so, report it")
        node = Node(_local(tag), {_local(name): value for name, value in attributes.items()})
        if self.open:
            self.open[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self.open.append(node)
        self.last = None

    def end(self, _tag: str) -> None:
        self._flush()
        self.last = self.open.pop()
        self.last.closed = True

    def data(self, text: str) -> None:
        self.pieces.append(text)

    def close(self) -> None:
        """Nothing is left to be done."""

    def _flush(self) -> None:
        text = "".join(self.pieces)
        self.pieces.clear()
        if self.last is not None:
            self.last.tail = text
        elif self.open:
            self.open[-1].text = text


def _damage(error: ParseError) -> str:
    cut = any(words in str(error) for words in ("no element found", "unclosed token"))
    return f"the XML {'breaks off' if cut else 'is damaged'} ({error})"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


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
