"""What people may type: an address, a topic, a schedule. Each error says how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from django import forms

from subscribers.address import check_address
from subscribers.naming import one_line
from subscribers.query.boosts import read_boosts
from subscribers.query.errors import QueryError, caret
from subscribers.query.parser import parse
from subscribers.schedule import DAY_NAMES, check_zone, parse_times
from subscribers.topics import TopicWish

NAME_MOST, NOTE_MOST, BOOSTS_MOST = 100, 300, 4_000  # characters
NAME_SHOWN = 40  # characters of a filter that become the name of a topic without one
DAYS = tuple((name[:3].lower(), name[:3]) for name in DAY_NAMES)
WEEK = tuple(day for day, _ in DAYS)
WEEKDAYS = WEEK[:5]
CADENCES = (("slot", "in each digest"), ("weekly", "once a week"), ("monthly", "once a month"))
NUMBER = "Write a whole number, or nothing."
OPTIONS = ("settled", "revisions", "threshold", "weight", "boosts", "note", "muted")
DEFAULTS = {"zone": "UTC", "at": "07:30", "days": WEEKDAYS}


@cache
def zones() -> tuple[str, ...]:
    """The time zones to choose from: places, and UTC."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    places = sorted(name for name in names if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
    return ("UTC", *places)


class FilterField(forms.CharField):
    """A text of the filter language. Where it is wrong, and how to mend it, says `query_trouble`."""

    def clean(self, value: object) -> str:
        text = str(super().clean(value))
        if text:
            try:
                parse(text)
            except QueryError as error:
                raise forms.ValidationError(sentence(error.message), code="filter") from None
        return text


def trouble(text: str, error: QueryError) -> dict[str, str]:
    """What a page shows of a filter that can't be read: message, hint, and the caret under its line."""
    line, under = caret(text, error.position).split("\n")
    hint = sentence(error.hint) if error.hint else ""
    return {"message": sentence(error.message), "hint": hint, "line": line, "blank": under[:-1]}


def query_trouble(text: str) -> dict[str, str] | None:
    """What is wrong with a filter text; None when it can be read, or is empty."""
    try:
        if text.strip():
            parse(text)
    except QueryError as error:
        return trouble(text, error)
    return None


class OptionsForm(forms.Form):
    """What a topic has besides its filter and name. A form that shows them says so with `options`: a box without its
    tick is not sent."""

    options = forms.BooleanField(required=False)
    settled = forms.BooleanField(required=False)
    revisions = forms.BooleanField(required=False)
    muted = forms.BooleanField(required=False)
    threshold = forms.IntegerField(min_value=0, max_value=100, required=False, error_messages={"invalid": NUMBER})
    weight = forms.IntegerField(min_value=-100, max_value=100, required=False, error_messages={"invalid": NUMBER})
    boosts = forms.CharField(max_length=BOOSTS_MOST, required=False)
    note = forms.CharField(max_length=NOTE_MOST, required=False)
    ready = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)  # what it began with

    def clean_threshold(self) -> int:
        return self.cleaned_data["threshold"] or 0

    def clean_weight(self) -> int:
        weight = self.cleaned_data["weight"]
        return 1 if weight is None else weight

    def clean_boosts(self) -> tuple[str, ...]:
        """A line each, as they are stored."""
        lines = self.cleaned_data["boosts"].splitlines()
        try:
            return tuple(boost.line for boost in read_boosts(lines))
        except ValueError as wrong:
            raise forms.ValidationError(sentence(str(wrong)), code="boosts") from None

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])


class TopicForm(OptionsForm):
    """A topic. Without a name it is called after its filter."""

    name = forms.CharField(max_length=NAME_MOST, required=False)
    q = FilterField(error_messages={"required": "Say what you care about: a word is enough, and * is every paper."})
    cadence = forms.ChoiceField(choices=CADENCES, required=False)
    cap = forms.IntegerField(min_value=1, max_value=1000, required=False, error_messages={"invalid": NUMBER})

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def trouble(self) -> dict[str, str] | None:
        """What is wrong with the filter as it was typed."""
        return query_trouble(self.data.get("q", ""))

    def wish(self, old: TopicWish | None = None) -> TopicWish:
        """The topic that is asked for; what the form does not show stays as it was."""
        data = self.cleaned_data
        kept: dict[str, Any] = {}
        if data["options"]:
            kept = {name: data[name] for name in OPTIONS}
        elif old is not None:
            kept = {name: getattr(old, name) for name in OPTIONS}
        return TopicWish(
            name=data["name"] or named_after(data["q"]),
            text=data["q"],
            cadence=data.get("cadence") or "slot",
            cap=data.get("cap"),
            ready=old.ready if old is not None else data["ready"],
            **kept,
        )


def named_after(query: str) -> str:
    """The name of a topic that got none: its filter, without quotes and in short."""
    name = one_line(query.replace('"', ""))
    if name == "*":
        return "Every paper"
    return name if len(name) <= NAME_SHOWN else name[: NAME_SHOWN - 1].rstrip() + "…"


class ScheduleForm(forms.Form):
    """On which days, at what time, by whose clocks."""

    zone = forms.CharField(max_length=64)
    at = forms.CharField(max_length=60)
    days = forms.MultipleChoiceField(choices=DAYS, error_messages={"required": "Choose one day at least."})

    def clean_zone(self) -> str:
        return _said(lambda: check_zone(self.cleaned_data["zone"]))

    def clean_at(self) -> str:
        return _said(lambda: ",".join(f"{when:%H:%M}" for when in parse_times(self.cleaned_data["at"])))

    def schedule(self) -> dict[str, str]:
        """Zone, times and days as a person's row keeps them."""
        data = self.cleaned_data
        days = tuple(day for day in WEEK if day in data["days"])
        named = {WEEK: "daily", WEEKDAYS: "weekdays"}.get(days, ",".join(days))
        return {"zone": data["zone"], "times": data["at"], "days": named}


class SignUpForm(TopicForm, ScheduleForm):
    """Asking for digests. `website` is a trap for programs: people don't see it."""

    email = forms.CharField(max_length=254, error_messages={"required": "Write the address to send the digest to."})
    website = forms.CharField(required=False)

    def clean_email(self) -> tuple[str, str]:
        """(address to mail to, address to compare by)."""
        try:
            return check_address(self.cleaned_data["email"])
        except ValueError as wrong:
            raise forms.ValidationError(sentence(str(wrong))) from None


def _said(read: Callable[[], str]) -> str:
    try:
        return read()
    except ValueError as wrong:
        raise forms.ValidationError(sentence(str(wrong))) from None


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    text = f"{text[:1].upper()}{text[1:].rstrip()}"
    return text if text.endswith((".", "?", "!")) else f"{text}."
