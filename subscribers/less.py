"""Less of a topic: what can be done about it with one press.

A step's name carries the value that its button promises: pressed twice, or long after, it does no more than it said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from subscribers.topics import TopicWish

CAPS = (20, 10, 5, 3, 1)
SCORES = (10, 20, 30, 50, 70)
CADENCES = ("slot", "weekly", "monthly")
SLOWER = {"slot": ("weekly", "Once a week"), "weekly": ("monthly", "Once a month")}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would bring less, and the topic as it is then."""

    name: str
    words: str
    note: str
    wish: TopicWish


def steps(wish: TopicWish) -> list[Step]:
    """What would bring less of this topic, each one step from where it is. Muting is not among them."""
    return [step for one in (_fewer, _better, _slower) for step in one(wish)]


def after(name: str, wish: TopicWish) -> TopicWish | None:
    """The topic with the step of this name made; as it is where it brings as little already. None: no step of ours."""
    kind, _, value = name.partition("_")
    if kind == "fewer" and value in map(str, CAPS):
        return replace(wish, cap=min(int(value), wish.cap or int(value)))
    if kind == "better" and value in map(str, SCORES):
        return replace(wish, threshold=max(int(value), wish.threshold))
    if kind == "slower" and value in CADENCES:
        return replace(wish, cadence=max(value, wish.cadence, key=CADENCES.index))
    return None


def _fewer(wish: TopicWish) -> Iterator[Step]:
    cap = next((cap for cap in CAPS if wish.cap is None or cap < wish.cap), None)
    if cap is not None:
        papers = "paper" if cap == 1 else "papers"
        note = "The best stand in the mail, the others on the web."
        yield Step(f"fewer_{cap}", f"At most {cap} {papers} in a digest", note, replace(wish, cap=cap))


def _better(wish: TopicWish) -> Iterator[Step]:
    score = next((score for score in SCORES if score > wish.threshold), None)
    if score is not None:
        note = "Papers below it stand on the web. Half of 100 is about 25 votes."
        yield Step(f"better_{score}", f"Only papers from score {score} on", note, replace(wish, threshold=score))


def _slower(wish: TopicWish) -> Iterator[Step]:
    if wish.cadence in SLOWER:
        cadence, words = SLOWER[wish.cadence]
        note = f"In the first digest of the {cadence.removesuffix('ly')}, with all that was new."
        yield Step(f"slower_{cadence}", words, note, replace(wish, cadence=cadence))
