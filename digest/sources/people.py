"""Who wrote a paper, from the one line that a listing gives: names, affiliations, collaborations. Pure.

Seen: `A Bee, C Dee (Inst. X, City)`; `The Beacon Collaboration: A. Bee, et al.`; `A. Bee (STAR Collaboration)`;
`A. Bee on behalf of the STAR Collaboration`; bioRxiv's `Bee, A., Dee, C.`; `Bee, Ann; Dee, Carl`. A collaboration is
an organisation, "et al." is nobody, an address of a mailbox is no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from digest.sources.listing import one_line
from digest.sources.untrusted import line

PEOPLE_LIMIT = 6_000  # names; the largest real list has about 5,000
ORGANISATIONS_LIMIT = 100
TEXT_LIMIT = 400_000  # characters of one line of names
COLLABORATION = re.compile(r"(?:.*\s)?(?:collaborations?|consortium)", re.IGNORECASE)
FOR_SOMEBODY = re.compile(r"^(?:(?:and|for|from|on behalf of|with) )+(?:the (?=\S)|(?=\S+ collab))", re.IGNORECASE)
BEHALF = re.compile(
    r"\bon behalf of (?:the )?((?:[^,;:()]*?\b(?:collaborations?|consortium)\b)|[^,;:()]+)", re.IGNORECASE
)
ET_AL = re.compile(r"\b(?:and others\b|et(?:\. ?| )al\b\.?|(?-i:etal)\b\.?)", re.IGNORECASE)  # "Etal" is a name
AND = re.compile(r"(?:^|\s)(?:and|&)\s", re.IGNORECASE)
SUFFIX = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)
LONGEST_SUFFIX = 3
INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?){1,5}")
MARKS = re.compile(r"[\d\s,;*†‡§¶]*")  # "(1)", "(1 and 2)": references to a list elsewhere


def split_people(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The authors and the organisations that a line of names holds, each once, in order."""
    text = _without_et_al(one_line(text[:TEXT_LIMIT]), ",")
    bare, asides = _asides(text)
    bare, groups = _without_behalf(bare)
    return sort_people(_names(bare), [*asides, *groups])


def sort_people(names: Iterable[str], asides: Iterable[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names told apart into authors and organisations; `asides` are affiliations or collaborations."""
    authors: dict[str, None] = {}
    organisations: dict[str, None] = {}
    for name in names:
        alone, groups = _without_behalf(line(name))
        organisations.update(dict.fromkeys(groups))
        clean = _without_et_al(alone, " ").strip(" ,;:")
        if not clean or "@" in clean:
            continue
        if _is_collaboration(clean):
            organisations[FOR_SOMEBODY.sub("", clean)] = None
        else:
            authors[clean] = None
    for aside in map(line, asides):
        if not MARKS.fullmatch(aside.replace(" and ", " ")) and "@" not in aside:
            organisations[FOR_SOMEBODY.sub("", aside)] = None
    return tuple(authors)[:PEOPLE_LIMIT], tuple(organisations)[:ORGANISATIONS_LIMIT]


def _without_et_al(text: str, instead: str) -> str:
    """The search is for few texts only, and most names take longer to search than to rule out."""
    low = text.lower()
    return ET_AL.sub(instead, text) if ("et" in low and "al" in low) or "and other" in low else text


def _without_behalf(text: str) -> tuple[str, list[str]]:
    """The text without those for whom somebody writes, and these: `A. Bee on behalf of the STAR Collaboration`."""
    if "behalf" not in text.lower():
        return text, []
    return BEHALF.sub("", text), [found[1].strip() for found in BEHALF.finditer(text)]


def _is_collaboration(name: str) -> bool:
    low = name.lower()
    return ("collabor" in low or "ort" in low) and COLLABORATION.fullmatch(name) is not None


def _asides(text: str) -> tuple[str, list[str]]:
    """The text without what stands in outer brackets, and that; a bracket that never closes is text."""
    if "(" not in text and ")" not in text:
        return text, []
    bare: list[str] = []
    asides: list[str] = []
    depth = begun = done = 0
    for found in re.finditer(r"[()]", text):
        place = found.start()
        if found[0] == "(":
            begun = place if depth == 0 else begun
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                bare.append(text[done:begun])
                asides.append(text[begun + 1 : place])
                done = place + 1
    bare.append(text[done:].replace("(", " ").replace(")", " "))
    return " ".join(bare), asides


def _names(text: str) -> Iterator[str]:
    """The names between separators, collaborations first cut off at their colon."""
    if ";" in text:
        for part in text.split(";"):
            yield from _turned(part)
        return
    parts = [part.strip() for part in text.replace(":", ",").split(",")]
    parts = [part for part in parts if part]
    if len(parts) == 2 and not any(" " in part for part in parts):
        yield from _turned(", ".join(parts))
        return
    given = parts[1::2]
    if len(parts) % 2 == 0 and given and all(INITIALS.fullmatch(part) for part in given):
        yield from (f"{initials} {family}" for family, initials in zip(parts[::2], given, strict=True))
        return
    yield from _with_suffixes(name for part in parts for name in _and(part))


def _turned(part: str) -> Iterator[str]:
    """`Dee, Carl` as people say it."""
    family, comma, given = (piece.strip() for piece in part.partition(","))
    if comma and given and not SUFFIX.fullmatch(given) and "," not in given:
        yield f"{given} {family}"
    else:
        yield part.replace(",", " ")


def _and(part: str) -> list[str]:
    if ("&" not in part and "and" not in part.lower()) or _is_collaboration(part):
        return [part]
    return [name for name in AND.split(part) if name]


def _with_suffixes(names: Iterable[str]) -> Iterator[str]:
    """`Carl Dee, Jr.` is one person."""
    held = ""
    for name in names:
        if held and len(name) <= LONGEST_SUFFIX and SUFFIX.fullmatch(name):
            held = f"{held} {name}"
            continue
        if held:
            yield held
        held = name
    if held:
        yield held
