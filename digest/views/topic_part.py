"""The part of a page in which a topic is made: boxes and text, what they mean, what they would have brought, options.

The same on /try/, /join/ and a reader's own page. It changes nothing: the doors around it save what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict

from digest.pipeline import one_paper, trying
from digest.views.brought import Brought, brought, verdict
from subscribers import ready
from subscribers.forms import CADENCES, TopicForm, sentence, trouble
from subscribers.models import ReadyTopic
from subscribers.query.boosts import read_boosts
from subscribers.query.canonical import canonical, clause_text, normal
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.mends import mended, swapped
from subscribers.query.nodes import Query
from subscribers.query.parser import Parsed, parse
from subscribers.query.sides import NAMES, Sides, followed
from subscribers.topics import TopicWish

TEXTS = ("name", "cadence", "cap", "threshold", "weight", "boosts", "note", "ready", "one")
FLAGS = ("settled", "revisions", "muted")
USUAL = {"cadence": "slot", "threshold": "0", "weight": "1"}
NOTES_MOST = 6
SCRIPTED = {"script-src": ["'self'"], "connect-src": ["'self'"]}  # topic.js lets both sides follow while one types
OURS = ("none of ", "this brings ")  # notes that don't begin with a word of the filter
BIGGEST = 2**31  # beyond it no row has a number
NO_PAPER = "No paper of this name has been listed. Write its arXiv id, its DOI, or its address."


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd about a filter; `mend` is the whole text to take instead, `label` what is new in it, and `papers`
    how many have that where the filter asks in vain."""

    words: str
    mend: str = ""
    label: str = ""
    papers: int = 0


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it came back, its text the one that leads, and both sides of it."""

    data: QueryDict
    sides: Sides

    @property
    def text(self) -> str:
        """The filter."""
        return self.sides.text


def typed(data: QueryDict) -> Typed:
    """What was typed. A mend that was pressed is taken as the text, and the boxes follow it."""
    copy = data.copy()
    if "mend" in data:
        for name in (*NAMES, "was_text", "was_boxes"):
            copy.pop(name, None)
        copy["q"] = data.get("mend", "")
    sides = followed({name: copy.get(name, "") for name in copy})
    copy["q"] = sides.text
    return Typed(copy, sides)


def typed_as(wish: TopicWish, **more: str) -> Typed:
    """A form that says what this wish says."""
    data = QueryDict(mutable=True)
    flags = {name: "on" for name in FLAGS if getattr(wish, name)}
    numbers = {name: str(getattr(wish, name)) for name in ("threshold", "weight")}
    texts = {"name": wish.name, "q": wish.text, "cadence": wish.cadence, "note": wish.note}
    data.update({**texts, **numbers, **flags, "cap": str(wish.cap or ""), "boosts": "\n".join(wish.boosts)})
    data.update({"options": "1", "ready": str(wish.ready or ""), **more})
    return typed(data)


def chosen(text: str) -> ReadyTopic | None:
    """The ready-made topic that is offered under this number."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return ready.offered().filter(pk=number).first() if 0 < number < BIGGEST else None


def shown(came: Typed, now: datetime, form: TopicForm | None = None) -> dict[str, Any]:
    """What the part shows. With a form that was sent all that is wrong with it; else what is wrong with its options."""
    checked = TopicForm(came.data)
    checked.is_valid()
    errors = form.errors if form is not None else {k: v for k, v in checked.errors.items() if k != "q"}
    values = {name: came.data.get(name, "") or USUAL.get(name, "") for name in TEXTS}
    return {
        "text": came.text,
        "boxes": came.sides.boxes,
        "marks": came.sides.marks,
        "both": came.sides.note,
        "value": values | {name: bool(came.data.get(name)) for name in FLAGS},
        "errors": errors,
        "cadences": CADENCES,
        "ready": ready.offered(),
        "from_ready": chosen(values["ready"]),
        **_tried(came, checked, now),
    }


def _tried(came: Typed, checked: TopicForm, now: datetime) -> dict[str, Any]:
    """What is wrong with the filter, or what it means and would have brought; nothing of an empty one."""
    if not came.text:
        return {}
    try:
        parsed = parse(came.text)
    except QueryError as error:
        return {"trouble": {**trouble(came.text, error), "mend": mended(came.text, error)}}
    ranking = _ranking(checked.cleaned_data)
    trial = trying.tried(parsed.query, ranking, now)
    notes = _notes(came.text, parsed, trial)
    return {
        "meaning": sentence(explain(parsed.query)),
        "canonical": canonical(parsed.query),
        "notes": notes[:NOTES_MOST],
        "more_notes": len(notes[NOTES_MOST:]),
        "brought": brought(trial),
        "ranked": bool(ranking.boosts or ranking.threshold or ranking.cap),
        "one": _one(came.data.get("one", ""), parsed.query, ranking, now),
    }


def _ranking(cleaned: Mapping[str, Any]) -> trying.Ranking:
    return trying.Ranking(read_boosts(cleaned.get("boosts", ())), cleaned.get("threshold", 0), cleaned.get("cap"))


def _notes(text: str, parsed: Parsed, trial: trying.Trial) -> list[Note]:
    said = [Note(sentence(words)) for words in (*parsed.notices, *parsed.warnings)]
    for note in trial.notes:
        words = sentence(note.words) if note.words.startswith(OURS) else f"{note.words}."  # else with the reader's word
        if note.old is None or note.new is None:
            said.append(Note(words))
        else:
            said.append(
                Note(words, swapped(text, parsed.query, note.old, note.new), clause_text(note.new), note.papers)
            )
    return said


def _one(name: str, query: Query, ranking: trying.Ranking, now: datetime) -> dict[str, object] | None:
    if not name.strip():
        return None
    paper = one_paper.named(name)
    if paper is None:
        return {"wrong": NO_PAPER}
    return verdict(one_paper.judged(paper, query, ranking.boosts, now), normal(query))


__all__ = ["Brought", "Typed", "chosen", "shown", "typed", "typed_as"]
