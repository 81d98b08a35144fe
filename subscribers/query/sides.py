"""A filter's two sides in a form, boxes and text: whichever was changed leads, the other one follows. Pure.

A form says with `was_text` and `was_boxes` what it showed (see `mark`); what is different when it comes back was
changed. When both were, the text leads, since it can say all that boxes can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from subscribers.query.boxes import Boxes, boxes_of, lines_of, names_of, terms_of, text_of
from subscribers.query.errors import QueryError
from subscribers.query.parser import parse

NAMES = ("any", "all", "phrase", "none", "authors", "orgs", "categories", "upvotes", "always")
BOTH = "Boxes and text were both changed, and don’t say the same: the text was taken."


@dataclass(frozen=True, slots=True)
class Sides:
    """The text, and by the names in `NAMES` what stands in the boxes; None: the text says more than they can hold."""

    text: str
    boxes: Mapping[str, str] | None
    note: str = ""

    @property
    def marks(self) -> dict[str, str]:
        """What a form must bring back to tell what was changed."""
        return {"was_text": _text_mark(self.text), "was_boxes": mark(*(self.boxes or {}).values())}


def followed(typed: Mapping[str, str]) -> Sides:
    """Both sides of a form as it came back: `q`, the boxes and the two marks, each of which may be missing."""
    text = typed.get("q", "").strip()
    boxes = {name: typed.get(name, "").replace("\r\n", "\n") for name in NAMES}
    filled = any(value.strip() for value in boxes.values())
    text_changed = _text_mark(text) != typed.get("was_text", mark(""))
    boxes_changed = mark(*boxes.values()) != typed.get("was_boxes", mark(*[""] * len(NAMES)))
    if boxes_changed and not text_changed:
        return Sides(written(boxes), boxes)
    if filled and not text_changed:
        return Sides(text, boxes)
    both = boxes_changed and text_changed and not _alike(text, written(boxes))
    try:
        read = boxes_of(parse(text).query) if text else Boxes()
    except QueryError:
        return Sides(text, boxes, BOTH if both else "")
    return Sides(text, None if read is None else _shown(read), BOTH if both else "")


def mark(*values: str) -> str:
    """A short sign of what a form showed. Gaps, empty lines and boxes that are not there don't count; line breaks do:
    in a box they separate what may be instead of each other."""
    said = "\0".join("\n".join(_lines(value)) for value in values).rstrip("\0")
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def written(boxes: Mapping[str, str]) -> str:
    """The filter that the boxes say. What can't be read in one of them can't be read in the filter either."""
    count = "".join(boxes["upvotes"].split())
    is_number = count.isascii() and count.isdigit() and len(count) < 10
    return text_of(
        Boxes(
            any=lines_of(boxes["any"]),
            all=[*terms_of(boxes["all"]), *([] if is_number or not count else [f"upvotes:>={count}"])],
            phrase=boxes["phrase"],
            none=terms_of(boxes["none"]),
            authors=names_of(boxes["authors"]),
            orgs=names_of(boxes["orgs"]),
            categories=names_of(",".join(boxes["categories"].split())),
            upvotes=int(count) if is_number else 0,
            always=names_of(boxes["always"]),
        )
    )


def _lines(value: str) -> list[str]:
    return [" ".join(line.split()) for line in value.splitlines() if line.strip()]


def _text_mark(text: str) -> str:
    """In the text a line break is a gap like any other."""
    return mark(" ".join(text.split()))


def _alike(text: str, other: str) -> bool:
    return text.split() == other.split()


def _shown(boxes: Boxes) -> dict[str, str]:
    """As they stand in a form."""
    return {
        "any": "\n".join(boxes.any),
        "all": " ".join(boxes.all),
        "phrase": boxes.phrase,
        "none": " ".join(boxes.none),
        "authors": ", ".join(boxes.authors),
        "orgs": ", ".join(boxes.orgs),
        "categories": ", ".join(boxes.categories),
        "upvotes": str(boxes.upvotes or ""),
        "always": ", ".join(boxes.always),
    }
