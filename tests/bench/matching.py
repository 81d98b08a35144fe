"""Matching: the engine's bits, against one filter and one change at a time over sets of stems."""

import random
from argparse import Namespace
from functools import cache

from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.sources.listing import Facts
from subscribers.query.nodes import And, Has, Not, Number, Or, Phrase, Query, Word
from subscribers.query.parser import parse
from subscribers.query.tex import readable
from subscribers.query.words import analyse, stem
from tests.bench.inventing import filters, papers
from tests.bench.measuring import doubled, measured, peak, table
from tests.digest.matching import brute

HEAD = ("filters", "changes", "matches", "compile s", "first s", "again s", "simple s", "ratio", "differ", "peak MB")
SAMPLE, CHECKED = 400, 40  # filters the simple way is measured on; filters compared with the language's definition


class Simple:
    """A paper as the straightforward way keeps it: the stems of each text, in order and as a set."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        texts = {"title": facts.title, "abstract": facts.abstract}
        orders = {field: [token.stem for token in analyse(readable(text))] for field, text in texts.items()}
        self.stems = {field: frozenset(order) for field, order in orders.items()}
        self.lines = {field: f" {' '.join(order)} " for field, order in orders.items()}


@cache
def stemmed(word: str) -> str:
    return stem(word)


def simply(query: Query, paper: Simple) -> bool:  # noqa: PLR0911 - a return a kind of node
    """Whether the filter matches, for what invented filters are made of."""
    match query:
        case And():
            return all(simply(part, paper) for part in query.parts)
        case Or():
            return any(simply(part, paper) for part in query.parts)
        case Not():
            return not simply(query.part, paper)
        case Word():
            wanted = stemmed(query.text)
            return any(wanted in paper.stems[field] for field in ([query.field] if query.field else paper.stems))
        case Phrase():
            line = f" {' '.join(map(stemmed, query.words))} "
            return any(line in paper.lines[field] for field in ([query.field] if query.field else paper.lines))
        case Number():
            count = {"upvotes": paper.facts.upvotes, "comments": paper.facts.comments}[query.field]
            return query.low <= count <= (count if query.high is None else query.high)
        case Has():
            return bool({"code": paper.facts.code, "project": paper.facts.project}[query.what])
    raise TypeError(f"invented filters have no {type(query).__name__}")


def run(options: Namespace) -> str:
    """Both ways over growing numbers of filters."""
    listed, texts = papers(options.changes), filters(options.filters)
    everything = [parse(text).query for text in texts]
    return f"{table(HEAD, [_row(everything[:size], listed) for size in doubled(options.filters)])}\n{NOTE}"


NOTE = (
    f"(simple: measured on {SAMPLE} filters and scaled; CPU seconds, ratio to the engine's first run; differ: pairs of "
    f"filter and change where the simple way, which knows no compounds, is wrong; {CHECKED} filters checked "
    "against the definition)"
)


def _row(everything: list[Query], listed: list[Facts]) -> tuple[str, ...]:
    queries = dict(enumerate(everything))
    engine, compiling, _ = measured(lambda: Engine(queries))
    bits, first, _ = measured(lambda: engine.match(Columns(list(enumerate(listed)))))
    columns = Columns(list(enumerate(listed)))
    _, again, _ = measured(lambda: engine.match(columns))
    chosen = random.Random(len(queries)).sample(sorted(queries), min(SAMPLE, len(queries)))
    simple, cpu, _ = measured(lambda: _one_by_one([queries[number] for number in chosen], listed))
    for number in chosen[:CHECKED]:
        defined = [place for place, facts in enumerate(listed) if brute.matches(queries[number], facts)]
        assert bits.indexes(number) == defined, "the engine is wrong"
    wrong = sum(len({*bits.indexes(number)} ^ {*found}) for number, found in zip(chosen, simple, strict=True))
    matches = sum(len(bits.indexes(number)) for number in queries)
    whole = cpu * len(queries) / len(chosen)
    seconds = (f"{compiling:.2f}", f"{first:.3f}", f"{again:.3f}", f"{whole:.1f}", f"{whole / max(first, 1e-6):,.0f}")
    return f"{len(queries):,}", str(len(listed)), f"{matches:,}", *seconds, str(wrong), f"{peak():.0f}"


def _one_by_one(queries: list[Query], listed: list[Facts]) -> list[list[int]]:
    kept = [Simple(facts) for facts in listed]
    return [[place for place, paper in enumerate(kept) if simply(query, paper)] for query in queries]
