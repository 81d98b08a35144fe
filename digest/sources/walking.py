"""A walk through XML from strangers: bounded, without a document type, whatever is wrong with it. Pure.

A document type declaration is refused (entities that explode or name files begin there), and so is what is nested
too deeply or has too many elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from digest.sources.untrusted import UnreadableListing

DEEPEST = 100
MOST_NODES = 400_000
ROOT = re.compile(r"(<[A-Za-z_][\w:.-]*)[^<>]*")
PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):|\s([A-Za-z_][\w.-]*):[\w.-]+=")
MOST_PREFIXES = 50
DTD = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
MEND = "Ask the publisher for the feed without it"
LATER = "Look again later; the last good look stands"


class Bounds:
    """Expat's events counted: as many elements, and as deep, as is reasonable."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.nodes = self.depth = 0

    def start(self, _tag: str, _attributes: list[str]) -> None:
        """`_attributes`: names and values in turn."""
        self.nodes += 1
        self.depth += 1
        if self.nodes > MOST_NODES or self.depth > DEEPEST:
            what = "the XML is nested too deeply" if self.nodes <= MOST_NODES else "the XML has too many elements"
            raise UnreadableListing(what, self.where, "If it is meant to be so, report it")

    def end(self, _tag: str) -> None:
        self.depth -= 1

    def data(self, _text: str) -> None:
        """Not counted, but taken: text that nobody takes goes to ElementTree, which knows no `&amp;`."""

    def close(self) -> None:
        """Nothing is left to be done."""


Walker = TypeVar("Walker", bound=Bounds)


def _refuse_dtd(text: str, where: str) -> None:
    """Raise UnreadableListing for a document type declaration, wherever it stands before the first element."""
    place = text.find("<")
    while place >= 0 and text.startswith(("<!", "<?"), place):
        if DTD.match(text, place):
            raise UnreadableListing("the XML declares a document type (DTD), which may hide anything", where, MEND)
        closer = "-->" if text.startswith("<!--", place) else ">"
        end = text.find(closer, place)
        place = text.find("<", end + len(closer)) if end >= 0 else -1


def walk(text: str, where: str, make: Callable[[str], Walker]) -> tuple[Walker, str]:
    """Walk through a document: the walker at the end, and what is wrong with the document, "" when it is well-formed.

    Raises UnreadableListing for a DTD, for too much of it, and without any element.
    """
    _refuse_dtd(text, where)
    walker = make(where)
    damage = _walked(text, walker)
    if "unbound prefix" in damage:
        walker = make(where)
        damage = _walked(_with_prefixes(text), walker)
    return walker, damage


def damage_in(text: str, where: str) -> str:
    """What is wrong with a document; raises as `walk`."""
    return walk(text, where, Bounds)[1]


def _walked(text: str, walker: Bounds) -> str:
    """Walk through the document, and say what is wrong with it."""
    parser: Any = DefusedXMLParser(target=walker, encoding="utf-8", forbid_dtd=True)
    # Expat calls the walker itself: by way of ElementTree's parser each event takes twice as long.
    parser.parser.StartElementHandler = walker.start
    parser.parser.EndElementHandler = walker.end
    parser.parser.CharacterDataHandler = walker.data
    damage = ""
    try:
        parser.feed(text.strip().encode())
        parser.close()
    except ParseError as error:
        damage = _damage(error)
    except DefusedXmlException as error:
        raise UnreadableListing("the XML declares a document type (DTD) or entities", walker.where, MEND) from error
    if not walker.nodes and "unbound prefix" not in damage:
        raise UnreadableListing(damage or "there is no XML element", walker.where, LATER)
    return damage


def _with_prefixes(text: str) -> str:
    """The document with the prefixes declared that it forgot to declare: their names say enough."""
    root = ROOT.search(text)
    if root is None:
        return text
    used = dict.fromkeys(found[1] or found[2] for found in PREFIX.finditer(text))
    missing = [name for name in used if name not in ("xml", "xmlns") and f"xmlns:{name}" not in root[0]]
    declared = "".join(f' xmlns:{name}="urn:undeclared:{name}"' for name in missing[:MOST_PREFIXES])
    return f"{text[: root.end(1)]}{declared}{text[root.end(1) :]}"


def _damage(error: ParseError) -> str:
    cut = any(words in str(error) for words in ("no element found", "unclosed token"))
    return f"the XML {'breaks off' if cut else 'is damaged'} ({error})"
