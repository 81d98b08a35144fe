"""What somebody may have meant by a word that no paper has: words of papers that are spelled nearly so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches

from subscribers.query.nodes import Clause, Prefix, Word

NEARLY = 0.75  # of difflib's ratio: evikt and evict have 0.8
OFFERED = 8  # spellings looked at closely
LONGER = 2  # letters by which a spelling may differ in length


def spellings(clause: Clause, words: Callable[[str], Iterable[str]]) -> list[Clause]:
    """The clause with other words of the papers in it, the nearest first; `words` gives those that begin with a letter.

    Only words and beginnings of words are spelled anew, and their first letter is believed.
    """
    if not isinstance(clause, Word | Prefix):
        return []
    wanted = clause.text
    known = {_cut(clause, word) for word in words(wanted[:1]) if len(word) >= len(wanted) - LONGER}
    near = {word for word in known if abs(len(word) - len(wanted)) <= LONGER and word != wanted}
    return [replace(clause, text=word) for word in get_close_matches(wanted, sorted(near), OFFERED, NEARLY)]


def _cut(clause: Word | Prefix, word: str) -> str:
    return word[: len(clause.text)] if isinstance(clause, Prefix) else word
