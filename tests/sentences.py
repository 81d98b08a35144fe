"""Papers that read like papers, in any number: titles and abstracts put together from those of the sample days.

Words of an invented vocabulary would do for a matcher. Those who judge mails look for the short words of a language.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from importlib.resources import files

from digest import sample

SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-ZÀ-Þ0-9])")
LOOKS = ("day-1-morning", "day-1-evening", "day-2")
SENTENCES_MOST = 9  # of an abstract


def texts(count: int, seed: int = 4) -> Iterator[tuple[str, str]]:
    """So many (title, abstract), the same for the same seed."""
    titles, abstracts = _sample()
    openings = [title.split(": ")[0] for title in titles]
    endings = [title.split(": ")[-1] for title in titles if ": " in title]
    sentences = [sentence for abstract in abstracts for sentence in SENTENCE.split(abstract)]
    chance = random.Random(seed)
    for _ in range(count):
        title = f"{chance.choice(openings)}: {chance.choice(endings)}"
        yield title, " ".join(chance.sample(sentences, chance.randint(4, SENTENCES_MOST)))


def _sample() -> tuple[list[str], list[str]]:
    """All titles and all abstracts, each once."""
    found: dict[str, str] = {}
    for look in LOOKS:
        for item in json.loads((files(sample) / f"{look}.json").read_text()):
            found[item["paper"]["title"]] = item["paper"]["summary"]
    return list(found), list(found.values())
