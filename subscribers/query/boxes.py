"""A filter as boxes to fill in, and back: the form for people who don't type queries. Pure.

    (all of) (any of) "phrase" (authors) (organisations) (categories) upvotes:>=N -none OR always

Both ways mean the same: a text read into boxes and written again has the same canonical form. A text that says more
than the boxes can hold stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from subscribers.query.canonical import NOTHING, RESERVED, clause_text, normal
from subscribers.query.nodes import And, Author, Category, Not, Number, Or, Org, Phrase, Query
from subscribers.query.words import spelled

TERM = re.compile(r'(?:[^\s"]|"[^"]*"?)+')  # up to a space outside of quotes
NAMES = re.compile(r"[,;\n]+")
PLAIN = re.compile(r"[^\s\"()\[\]|:~=+!-][^\s\"()\[\]|:~=]*")  # a word, or one with hyphens, that is no operator
GROUPS: dict[type | None, str] = {Author: "authors", Org: "orgs", Category: "categories"}


@dataclass(slots=True)
class Boxes:
    """What the boxes hold. Terms are texts of the filter language, names are plain."""

    any: list[str] = field(default_factory=list)  # one of these terms
    all: list[str] = field(default_factory=list)  # each of these terms
    phrase: str = ""
    none: list[str] = field(default_factory=list)  # none of these terms
    authors: list[str] = field(default_factory=list)  # by one of these
    orgs: list[str] = field(default_factory=list)  # from one of these
    categories: list[str] = field(default_factory=list)  # in one of these
    upvotes: int = 0  # at least
    always: list[str] = field(default_factory=list)  # and whatever these authors write


def lines_of(text: str) -> list[str]:
    """The terms of a box with one on each line: several words are a phrase."""
    lines = (line.strip() for line in text.splitlines())
    return [_phrase(line) if _is_phrase(line) or line.lower() in RESERVED else line for line in lines if line]


def terms_of(text: str) -> list[str]:
    """The terms of a box with words side by side; words in quotes are a phrase."""
    return [f'"{term}"' if term.lower() in RESERVED or term == "|" else term for term in TERM.findall(text)]


def names_of(text: str) -> list[str]:
    """The names of a box: one on each line, or with commas between them."""
    plain = (" ".join(name.replace('"', " ").split()) for name in NAMES.split(text))
    return [name for name in plain if name]


def text_of(boxes: Boxes) -> str:
    """The filter that the boxes say; "" when all of them are empty."""
    named = (("author", boxes.authors), ("org", boxes.orgs), ("cat", boxes.categories))
    parts = [
        *boxes.all,
        *([_any_of(boxes.any)] if boxes.any else []),
        *([_phrase(boxes.phrase)] if boxes.phrase.strip() else []),
        *(_any_of([f"{name}:{_name(value)}" for value in values]) for name, values in named if values),
        *([f"upvotes:>={boxes.upvotes}"] if boxes.upvotes else []),
        *(f"-{term}" for term in boxes.none),
    ]
    always = [f"author:{_name(value)}" for value in boxes.always]
    if not parts or not always:
        return " ".join(parts) or " OR ".join(always)
    body = parts[0] if len(parts) == 1 else f"({' '.join(parts)})"
    return " OR ".join([body, *always])


def boxes_of(query: Query) -> Boxes | None:
    """The boxes that say the same, their terms in the order of the canonical form; None: it says more than they can."""
    meant = normal(query)
    if meant == NOTHING:
        return None
    boxes, rest = Boxes(), meant
    if isinstance(meant, Or):
        others = [part for part in meant.parts if not isinstance(part, Author)]
        if others:  # authors beside anything else are welcome whatever the rest says
            boxes.always = [_named(part) for part in meant.parts if isinstance(part, Author)]
            rest = others[0] if len(others) == 1 else Or(tuple(others))
    parts = rest.parts if isinstance(rest, And) else (rest,)
    return boxes if all(_put(part, boxes) for part in parts) else None


def _put(part: Query, boxes: Boxes) -> bool:
    """Put one part of an And into its box; False when there is none for it."""
    if isinstance(part, Or):
        return _put_group(part, boxes)
    if isinstance(part, Not):
        if isinstance(part.part, And | Or | Not):
            return False
        boxes.none.append(clause_text(part.part))
    elif isinstance(part, And):
        return False
    elif type(part) in GROUPS and not getattr(boxes, GROUPS[type(part)]) and _is_nameable(part):
        getattr(boxes, GROUPS[type(part)]).append(_named(part))
    elif isinstance(part, Number) and part.field == "upvotes" and part.low and part.high is None and not boxes.upvotes:
        boxes.upvotes = part.low
    elif _is_plain_phrase(part) and not boxes.phrase:
        boxes.phrase = _named(part)
    else:
        boxes.all.append(clause_text(part))
    return True


def _put_group(part: Or, boxes: Boxes) -> bool:
    """Alternatives: names of one kind have their box, terms the box "any of"; each box holds one group."""
    if any(isinstance(one, And | Or | Not) for one in part.parts):
        return False
    kinds = {type(one) if _is_nameable(one) else None for one in part.parts}
    box = GROUPS.get(kinds.pop(), "any") if len(kinds) == 1 else "any"
    if getattr(boxes, box):
        return False
    setattr(boxes, box, [clause_text(one) if box == "any" else _named(one) for one in part.parts])
    return True


def _is_nameable(part: Query) -> bool:
    return not (isinstance(part, Category) and part.primary)


def _is_plain_phrase(part: Query) -> bool:
    return isinstance(part, Phrase) and not part.field and not part.exact


def _named(part: Query) -> str:
    """A name or a phrase without its field and quotes."""
    if isinstance(part, Author | Org | Phrase):
        return spelled(part.words)
    return part.name if isinstance(part, Category) else ""


def _is_phrase(line: str) -> bool:
    """Are there several words, without quotes, fields or operators?"""
    words = line.split()
    return len(words) > 1 and all(PLAIN.fullmatch(word) and not _is_operator(word) for word in words)


def _is_operator(word: str) -> bool:
    return word.isupper() and word.lower() in RESERVED


def _any_of(terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _phrase(text: str) -> str:
    return f'"{" ".join(text.replace(chr(34), " ").split())}"'


def _name(text: str) -> str:
    return text if PLAIN.fullmatch(text) else _phrase(text)
