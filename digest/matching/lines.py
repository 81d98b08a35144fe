"""One text of each of many papers, laid end to end as numbers: where words and phrases stand in all at once. Pure.

A place is a word of a text. At each place stand the number of the word (`Lexicon`) and a check of the stem of the word
that it makes with the next one; between two texts stands an end. What a check finds is always read again as words,
so what is found is what `phrases` and `places` find, in a few passes over arrays instead of one walk a text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import count, islice
from operator import or_

import numpy as np
from numpy.typing import NDArray

from subscribers.query.tex import readable
from subscribers.query.words import GAPS, joined, parts, spellings, stem, stems

Numbers = NDArray[np.uint32]
Places = NDArray[np.intp]
END = "\0"  # behind each text; what no word is
ENDS, FIRST = len(GAPS), len(GAPS) + 1  # the numbers of an end, and of the first word; below them are gaps
FEW = 4  # words that are compared one by one
NOWHERE: Places = np.empty(0, dtype=np.intp)


class Lexicon:
    """Every word of many texts, once: its number, and its stem."""

    def __init__(self) -> None:
        self.words = [*GAPS, END]  # by number
        self._numbers = defaultdict(count(len(self.words)).__next__, {word: n for n, word in enumerate(self.words)})
        self._stems: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, words: Iterable[str]) -> Iterator[int]:
        """The numbers of words; new ones get one, and are known as words after `learn`."""
        return map(self._numbers.__getitem__, words)

    def learn(self) -> None:
        """Take in the words that got a number since."""
        fresh = list(islice(self._numbers, len(self.words), None))
        for number, form in enumerate(stems(fresh), len(self.words)):
            self._stems[form].append(number)
        self.words += fresh

    def alike(self, form: str, *, exact: bool) -> list[int]:
        """The words that are this folded word, or that have this stem."""
        if exact:
            return [self._numbers[form]] if form in self._numbers else []
        return self._stems.get(form, [])

    def beginning(self, prefix: str) -> list[int]:
        """The words that begin so."""
        return [number for number, word in enumerate(self.words) if word.startswith(prefix)]


class Lines:
    """The texts, in rows: row 0 is the first one. A phrase never reaches from one text into the next."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._words: Numbers = np.empty(0, dtype=np.uint32)  # by place
        self._joins: Numbers = np.empty(0, dtype=np.uint32)  # by place: the check, 0 for none
        self._ends: Places = np.empty(0, dtype=np.intp)  # by row: the place behind its end

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, texts: Iterable[str]) -> None:
        """More rows, of texts as their sources wrote them."""
        numbers: list[int] = []  # one list: thousands of small ones would set the garbage collector to work
        for text in texts:
            numbers += self._lexicon.numbers((*parts(readable(text)), END))
        self._lexicon.learn()
        found = np.array(numbers, dtype=np.uint32)
        words, kept = found >= FIRST, found >= ENDS
        touching = np.zeros(len(found), dtype=np.bool_)
        touching[:-1] = words[:-1] & words[1:]
        fresh, touching = found[kept], touching[kept]
        ends = np.flatnonzero(fresh == ENDS) + 1 + len(self._words)
        self._words = np.concatenate((self._words, fresh))
        self._joins = np.concatenate((self._joins, self._checks(fresh, touching)))
        self._ends = np.concatenate((self._ends, ends))

    def _checks(self, words: Numbers, touching: NDArray[np.bool_]) -> Numbers:
        """By place, the check of the stem of the word and the next one as one. Each two are joined and stemmed once."""
        checks = np.zeros(len(words), dtype=np.uint32)
        places = np.flatnonzero(touching)
        both = words[places].astype(np.uint64) << np.uint64(32) | words[places + 1]
        distinct, which = np.unique(both, return_inverse=True)
        halves = (distinct >> np.uint64(32)).tolist(), (distinct & np.uint64(0xFFFFFFFF)).tolist()
        spelled = self._lexicon.words
        pairs = [joined(spelled[first], spelled[second]) for first, second in zip(*halves, strict=True)]
        checks[places] = _checks(stems(pairs))[which]
        return checks

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Only these rows, in the same order."""
        lengths = np.diff(self._ends, prepend=0)
        places = np.repeat(rows, lengths)
        self._words, self._joins = self._words[places], self._joins[places]
        self._ends = np.cumsum(lengths[rows], dtype=np.intp)

    def rows(self, places: Places) -> Places:
        """The row of each place."""
        return np.searchsorted(self._ends, places, side="right")

    def phrase(self, words: tuple[str, ...], *, exact: bool) -> Places:
        """The rows in which a phrase (or a word) stands, in any of its spellings."""
        found = [self._along([word if exact else stem(word) for word in way], exact) for way in spellings(words)]
        return self.rows(np.concatenate(found))

    def _along(self, wanted: Sequence[str], exact: bool) -> Places:
        """A place of each way to read the forms one behind the other, along words and neighbours as one word."""
        ahead: Places | None = None
        for form in wanted:
            single, pair = self._singles(form, exact), self._pairs(form, exact)
            if ahead is not None:
                single, pair = single[np.isin(single, ahead)], pair[np.isin(pair, ahead)]
            ahead = np.concatenate((single + 1, pair + 2))
            if not ahead.size:
                break
        return NOWHERE if ahead is None else ahead - 1

    def places(self, form: str, *, exact: bool) -> Places:
        """Where a folded word or a stem stands, two neighbours as one included, in order."""
        return np.sort(np.concatenate((self._singles(form, exact), self._pairs(form, exact))))

    def beginning(self, prefix: str) -> Places:
        """The rows with a word that begins so, two neighbours as one included."""
        begun = set(self._lexicon.beginning(prefix))
        found = [self._of(begun)]
        for cut in range(1, len(prefix)):  # a prefix of two words is all of the first and the beginning of the second
            first = self._of(self._lexicon.alike(prefix[:cut], exact=True))
            first = first[self._joins[first] != 0] if first.size else first
            found.append(np.array([place for place in first if self._pair(place).startswith(prefix)], dtype=np.intp))
        return self.rows(np.concatenate(found))

    def _singles(self, form: str, exact: bool) -> Places:
        return self._of(self._lexicon.alike(form, exact=exact))

    def _pairs(self, form: str, exact: bool) -> Places:
        hits = np.flatnonzero(self._joins == _checks([form if not exact else stem(form)])[0])
        true = [place for place in hits if (self._pair(place) if exact else stem(self._pair(place))) == form]
        return np.array(true, dtype=np.intp)

    def _pair(self, place: np.intp) -> str:
        words = self._lexicon.words
        return joined(words[self._words[place]], words[self._words[place + 1]])

    def _of(self, numbers: Iterable[int]) -> Places:
        wanted = list(numbers)
        if not wanted:
            return NOWHERE
        if len(wanted) < FEW:
            return np.flatnonzero(reduce(or_, (self._words == number for number in wanted)))
        table = np.zeros(len(self._lexicon), dtype=np.bool_)
        table[wanted] = True
        return np.flatnonzero(table[self._words])


def _checks(stemmed: Sequence[str]) -> Numbers:
    """A number for each stem that is seldom another's, never 0; 0 for none."""
    hashes = np.fromiter(map(hash, stemmed), dtype=np.int64, count=len(stemmed))
    some = np.fromiter(map(bool, stemmed), dtype=np.bool_, count=len(stemmed))
    return np.where(some, hashes.astype(np.uint32) | np.uint32(1), np.uint32(0)).astype(np.uint32)
