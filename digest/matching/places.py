"""Where a clause is true of a paper: the words in title and abstract, or the name, number or link. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from digest.matching.mark import Mark
from digest.matching.particulars import asks, label, labels, source_names, values
from digest.matching.reading import Reading, is_named, name_words, read, together
from digest.sources.listing import Facts
from subscribers.query.canonical import clause_text
from subscribers.query.explain import ANNOUNCED, counted
from subscribers.query.nodes import (
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Fact,
    Has,
    Journal,
    Key,
    Near,
    Number,
    Org,
    Phrase,
    Prefix,
    Published,
    Recent,
    Source,
    Tag,
    TextClause,
    Word,
)
from subscribers.query.words import Token, spellings, stems

SHOWN_FLAGS = {"code": "code", "project": "a project page"}
EVERY_PAPER = "every paper"

Occurrence = tuple[Token, str]  # the words of the paper, and the word of the clause that they answer
NOTHING_MORE: list[list[Occurrence]] = [[]]


def marks(clause: Clause, facts: Facts) -> list[Mark]:
    """Every place where the clause is true of the paper; none where it is false."""
    if isinstance(clause, Word | Phrase | Prefix | Near):  # nearly always
        return _text_marks(clause, facts)
    text = clause_text(clause)
    match clause:
        case Everything():
            found = [Mark(text, "any", shown=EVERY_PAPER)]
        case Author():
            names = (name for name in facts.authors if is_named(clause.words, name_words(name)))
            found = [Mark(text, "author", shown=name) for name in names]
        case Org():
            orgs = (org for org in facts.organisations if is_said(clause, read(org)))
            found = [Mark(text, "org", shown=org) for org in orgs]
        case Journal():
            said = bool(facts.journal) and is_said(clause, label(facts.journal))
            found = [Mark(text, "journal", shown=facts.journal)] if said else []
        case Tag():
            tags = (name for name in labels(facts) if is_said(clause, label(name)))
            found = [Mark(text, "tag", shown=name) for name in tags]
        case Category() | Key() | Published() | Recent() | Announced():
            found = _fact_marks(clause, facts)
        case Source():
            sources = (source for source in facts.sources if clause.name in source_names(source))
            found = [Mark(text, "source", shown=source) for source in sources]
        case Number():
            count = number(clause.field, facts)
            inside = clause.low <= count and (clause.high is None or count <= clause.high)
            found = [Mark(text, clause.field, shown=counted(count, clause.field))] if inside else []
        case Has():
            there = facts.code if clause.what == "code" else facts.project
            found = [Mark(text, "has", shown=SHOWN_FLAGS[clause.what])] if there else []
    return found


def is_said(clause: Org | Journal | Tag, reading: Reading) -> bool:
    """Do the words of the clause stand in a name or a keyword?"""
    return any(occurrences(Phrase(clause.words, exact=not isinstance(clause, Tag)), reading))


def _fact_marks(clause: Fact, facts: Facts) -> list[Mark]:
    field = "published" if isinstance(clause, Published | Recent) else asks(clause)[0]
    return [Mark(clause_text(clause), field, shown=ANNOUNCED.get(value, value)) for value in values(clause, facts)]


def number(field: str, facts: Facts) -> int:
    """The paper's upvotes or comments."""
    return facts.upvotes if field == "upvotes" else facts.comments


def _text_marks(clause: TextClause, facts: Facts) -> list[Mark]:
    found: list[Mark] = []
    for field, raw in (("title", facts.title), ("abstract", facts.abstract)):
        if clause.field in ("", field):
            reading = read(raw)
            for occurrence in occurrences(clause, reading):
                found.extend(_marks_of(clause_text(clause), field, clause, reading, occurrence))
    return found


def _marks_of(
    text: str, field: str, clause: TextClause, reading: Reading, occurrence: Sequence[Occurrence]
) -> Iterator[Mark]:
    """One mark for words that stand together, one for each of words that are merely near."""
    groups = [[one] for one in occurrence] if isinstance(clause, Near) else [list(occurrence)]
    by_stem = not isinstance(clause, Prefix) and any(not alike(t.exact, word) for t, word in occurrence)
    for group in groups:
        start, end = group[0][0].start, group[-1][0].end
        yield Mark(text, field, start, end, reading.text[start:end], by_stem)


def occurrences(clause: TextClause, reading: Reading) -> Sequence[list[Occurrence]]:
    """Each place where the words of the clause stand in the text, in order of their start."""
    match clause:
        case Word():
            return _in_sequence((clause.text,), clause.exact, reading)
        case Phrase():
            return _in_sequence(clause.words, clause.exact, reading)
        case Prefix():
            return [[(token, clause.text)] for token in _beginning(clause.text, reading)]
        case Near():
            return _near(clause, reading)


def _beginning(prefix: str, reading: Reading) -> Iterator[Token]:
    """The words that begin so; two neighbours only where the first does not do alone."""
    for place, (word, pair) in enumerate(zip(*reading.forms(exact=True), strict=True)):
        if word.startswith(prefix):
            yield reading.token(place)
        elif pair.startswith(prefix):
            yield reading.token(place, 2)


def _near(clause: Near, reading: Reading) -> Sequence[list[Occurrence]]:
    forms = clause.words if clause.exact else tuple(stems(clause.words))
    wanted = dict(zip(forms, clause.words, strict=True))
    tokens = [reading.at(form, exact=clause.exact) for form in forms]
    found = together(tokens, clause.within) if all(tokens) else []
    said = [(token, wanted[token.exact if clause.exact else token.stem]) for token in found]
    return [said] if said else []


def _in_sequence(words: tuple[str, ...], exact: bool, reading: Reading) -> Sequence[list[Occurrence]]:
    """For each start from which one of the phrase's spellings can be read the closest to the clause."""
    ways, index = _ways(words, exact), reading.index(exact=exact)
    begun = [way for way in ways if way[1][0] in index]
    if not begun:  # mostly: of what is joined by OR
        return ()
    paths: dict[int, list[list[Occurrence]]] = {}
    for spelling, forms in begun:
        for place, width in index[forms[0]]:
            first = [(reading.token(place, width), spelling[0])]
            rest = _paths(spelling[1:], forms[1:], exact, reading, place + width)
            paths.setdefault(place, []).extend([first + path for path in rest])
    return [min(some, key=_unlike) if len(some) > 1 else some[0] for _, some in sorted(paths.items()) if some]


def _unlike(path: Sequence[Occurrence]) -> int:
    """How many of its words are not those of the clause."""
    return sum(not alike(token.exact, word) for token, word in path)


@lru_cache(maxsize=65_536)
def _ways(words: tuple[str, ...], exact: bool) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """The spellings of a phrase, each with the forms that it is compared by."""
    return tuple((way, way if exact else tuple(stems(way))) for way in spellings(words))


def _paths(
    spelling: tuple[str, ...], forms: tuple[str, ...], exact: bool, reading: Reading, start: int
) -> list[list[Occurrence]]:
    """The ways to read the forms from a word on, along words and neighbours as one word."""
    if not forms:
        return NOTHING_MORE
    by_width = reading.forms(exact=exact)
    paths: list[tuple[int, list[Occurrence]]] = [(start, [])]
    for word, form in zip(spelling, forms, strict=True):
        paths = [
            (place + width, [*path, (reading.token(place, width), word)])
            for place, path in paths
            for width, there in enumerate(by_width, 1)
            if place < len(there) and there[place] == form
        ]
    return [path for _, path in paths]


def alike(word: str, other: str) -> bool:
    """Are these the same word, or one the plural of the other?"""
    if word == other:
        return True
    short, long = sorted((word, other), key=len)
    return long in (short, f"{short}s", f"{short}es") or (short.endswith("y") and long == f"{short[:-1]}ies")
