"""Many papers kept ready for one filter after another: what a search asks. Pure.

The engine takes many filters and walks each text once; here the texts have been read, and a filter takes a few passes
over arrays. Both mean the same by a clause; `tests` compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import reduce
from operator import and_, or_

import numpy as np
from numpy.typing import NDArray

from digest.matching.lines import NOWHERE, Lexicon, Lines, Places
from digest.matching.particulars import as_of, is_published, label, labels, source_names, values
from digest.matching.places import is_said, number
from digest.matching.reading import is_named, name_words, read, together
from digest.sources.listing import Facts
from subscribers.query.canonical import normal
from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Published,
    Query,
    Recent,
    Source,
    Tag,
    TextClause,
    Word,
)
from subscribers.query.tex import SPECIAL
from subscribers.query.words import Token, folded_line, stem

Rows = NDArray[np.bool_]  # by row: is it so?
AT_ONCE = 1_000  # papers read together: while they are being read they take three times the memory


class Shelf:
    """Papers in rows, in the order in which they were added."""

    def __init__(self) -> None:
        self.facts: list[Facts] = []
        self._lexicon = Lexicon()
        self._texts = {"title": Lines(self._lexicon), "abstract": Lines(self._lexicon)}

    def __len__(self) -> int:
        return len(self.facts)

    def add(self, papers: Sequence[Facts]) -> None:
        """More rows."""
        for first in range(0, len(papers), AT_ONCE):
            some = papers[first : first + AT_ONCE]
            self.facts += some
            self._texts["title"].add(facts.title for facts in some)
            self._texts["abstract"].add(facts.abstract for facts in some)

    def renew(self, row: int, facts: Facts) -> bool:
        """Other facts of the same texts; False when the texts are others, and so the row must be read anew."""
        same = (facts.title, facts.abstract) == (self.facts[row].title, self.facts[row].abstract)
        if same:
            self.facts[row] = facts
        return same

    def keep(self, rows: Sequence[bool]) -> None:
        """Only these rows, in the same order."""
        self.facts = [facts for facts, kept in zip(self.facts, rows, strict=True) if kept]
        for lines in self._texts.values():
            lines.keep(np.array(rows, dtype=np.bool_))

    def matching(self, query: Query, today: date | None = None) -> Rows:
        """Which rows a filter matches, judged today; without a day, each when its facts say."""
        return self._true(normal(query) if today is None else as_of(normal(query), today))

    def _true(self, query: Query) -> Rows:
        match query:
            case Not():
                return ~self._true(query.part)
            case And():
                return reduce(and_, map(self._true, query.parts))
            case Or():
                return reduce(or_, map(self._true, query.parts))
            case _:
                return self._clause(query)

    def _clause(self, clause: Clause) -> Rows:
        match clause:
            case Everything():
                true = np.ones(len(self), dtype=np.bool_)
            case Author():
                true = self._each(lambda facts: _by(clause, facts))
            case Org():
                true = self._each(_any(lambda name: is_said(clause, read(name)), lambda facts: facts.organisations))
            case Journal():
                true = self._each(_any(lambda name: is_said(clause, label(name)), _journal))
            case Tag():
                true = self._each(_any(lambda name: is_said(clause, label(name)), labels))
            case Category() | Key() | Announced():
                true = self._each(lambda facts: bool(values(clause, facts)))
            case Published() | Recent():
                true = self._each(lambda facts: is_published(clause, facts))
            case Source():
                true = self._each(_any(lambda name: clause.name in source_names(name), lambda facts: facts.sources))
            case Number():
                true = self._each(lambda facts: _inside(number(clause.field, facts), clause))
            case Has():
                true = self._each(lambda facts: bool(facts.code if clause.what == "code" else facts.project))
            case _:
                true = self._text(clause)
        return true

    def _each(self, true: Callable[[Facts], bool]) -> Rows:
        return np.fromiter(map(true, self.facts), dtype=np.bool_, count=len(self))

    def _text(self, clause: TextClause) -> Rows:
        rows = np.zeros(len(self), dtype=np.bool_)
        for field in (clause.field,) if clause.field else self._texts:
            rows[_found(clause, self._texts[field])] = True
        return rows


def _found(clause: TextClause, lines: Lines) -> Places:
    match clause:
        case Word():
            return lines.phrase((clause.text,), exact=clause.exact)
        case Phrase():
            return lines.phrase(clause.words, exact=clause.exact)
        case Prefix():
            return lines.beginning(clause.text)
        case Near():
            return _near(clause, lines)


def _near(clause: Near, lines: Lines) -> Places:
    """The rows where all words stand, near enough to each other."""
    forms = clause.words if clause.exact else [stem(word) for word in clause.words]
    places = [lines.places(form, exact=clause.exact) for form in forms]
    rows = [lines.rows(some) for some in places]
    common = rows[0]
    for some in rows[1:]:
        common = np.intersect1d(common, some)
    found = []
    for row in np.unique(common):
        here = [some[owners == row] for some, owners in zip(places, rows, strict=True)]
        if together([[Token("", "", 0, 0, int(place)) for place in some] for some in here], clause.within):
            found.append(row)
    return np.array(found, dtype=np.intp) if found else NOWHERE


def _any(true: Callable[[str], bool], names: Callable[[Facts], Iterable[str]]) -> Callable[[Facts], bool]:
    """Whether any of a paper's names is so; each name is asked about once."""
    known: dict[str, bool] = {}

    def holds(facts: Facts) -> bool:
        for name in names(facts):
            if name not in known:
                known[name] = true(name)
            if known[name]:
                return True
        return False

    return holds


def _inside(count: int, clause: Number) -> bool:
    return clause.low <= count and (clause.high is None or count <= clause.high)


def _journal(facts: Facts) -> tuple[str, ...]:
    return (facts.journal,) if facts.journal else ()


def _by(clause: Author, facts: Facts) -> bool:
    """Names are read word by word only where the family name stands somewhere in their folded signs."""
    line = "; ".join(facts.authors)
    folded = folded_line(line) if line.isprintable() and not any(sign in line for sign in SPECIAL) else ""
    if folded and clause.words[-1] not in folded:
        return False
    return any(is_named(clause.words, name_words(name)) for name in facts.authors)
