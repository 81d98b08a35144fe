"""Invented papers and filters in any number, the same for the same seed."""

import random

from digest.sources.listing import Facts

# ruff: noqa: SIM905 - a row of words reads better than a list of strings
WORDS = (
    "moss fern lichen robot policy diffusion cache context token language model graph memory reward detour benchmark "
    "ledger novel chapter contact touch river stone garden index sketch block window planner tool agent proof theorem "
    "speech sound image video scene depth motion grasp arm leg stair house kitchen chart market price climate weather "
    "cell protein drug gene atom lattice crystal orbit lens signal noise filter kernel tensor sparse dense layer head"
).split()
ENDINGS = ("", "s", "ing", "ed", "er", "less", "like")


def vocabulary(size: int, chance: random.Random) -> list[str]:
    """Distinct words, the first ones common."""
    made = dict.fromkeys(WORDS)
    while len(made) < size:
        made[chance.choice(WORDS) + chance.choice(WORDS) + chance.choice(ENDINGS)] = None
    return list(made)[:size]


def some(words: list[str], count: int, chance: random.Random) -> list[str]:
    """Words as texts have them: few of them often, most of them rarely."""
    return [words[min(int(chance.paretovariate(0.7)) - 1, len(words) - 1)] for _ in range(count)]


def papers(count: int, seed: int = 1) -> list[Facts]:
    """Papers with abstracts of about 200 words."""
    chance = random.Random(seed)
    words = vocabulary(3_000, chance)
    return [
        Facts(
            key=f"2611.{number:05}",
            title=" ".join(some(words, 9, chance)).capitalize(),
            abstract=" ".join(some(words, 200, chance)).capitalize() + ".",
            authors=("Ada Moss", "Bo Fern", "Cy Lichen"),
            upvotes=int(chance.paretovariate(0.9)),
            comments=chance.randrange(6),
            sources=("hf",),
            arxiv=f"2611.{number:05}",
            code="https://code.example.org/x" if chance.random() < 0.4 else "",
            link=f"https://huggingface.co/papers/2611.{number:05}",
            published="2026-11-24",
            listed="2026-11-24",
        )
        for number in range(count)
    ]


def filters(count: int, seed: int = 2) -> list[str]:
    """Distinct texts: words, phrases, ANDs, ORs, NOTs, fields, numbers; of words that are neither the commonest
    nor rare, since those are what people ask for."""
    chance = random.Random(seed)
    words = vocabulary(3_000, chance)[20:1_500]
    made: dict[str, None] = {}
    while len(made) < count:
        a, b, c, d = (words[int(len(words) * chance.random() ** 2)] for _ in range(4))
        number = chance.choice((5, 10, 20, 50))
        shapes = (f"{a} {b}", f'"{a} {b}"', f"{a} OR {b} OR {c}", f"({a} OR {b}) {c} -{d}", f"title:{a} OR {b}")
        made[chance.choice((*shapes, f"{a} upvotes:>={number}", f"{a} {b} {c}", f"{a} has:code"))] = None
    return list(made)
