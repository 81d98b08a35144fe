"""Mails to the operators about alerts."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail import alert
from digest.mail.alert import SHOWN, TITLES, Alert
from digest.mail.compose import HTML_MOST
from tests.digest.mail.invented import DOUBT, FAILING, NOW, PANEL, RESTS, UNFIT, alarm, notice
from tests.digest.mail.reading import Read, read

TO_DO = {
    "source accept huggingface 2026-11-25": DOUBT,
    "whether its address still holds": FAILING,
    "Look at the mail server and at EMAIL_URL": RESTS,
    "read the letter’s page": UNFIT,
}


def mail(raised: list[Alert], over: list[Alert] | None = None) -> Read:
    return read(notice("alert", alert.said(raised, over or [], PANEL), leave_token=""))


def both(one: Read) -> tuple[str, str]:
    """What somebody reads, in one line each and with one kind of quotes: the text part, the HTML part."""
    html = BeautifulSoup(one.html, "lxml").body.get_text(" ")
    text, html = (" ".join(side.split()).replace("'", "’") for side in (one.text, html))
    return text, html


@pytest.mark.parametrize(("to_do", "data"), TO_DO.items(), ids=["doubt", "failing", "rests", "unfit"])
def test_it_says_what_happened_since_when_the_evidence_where_to_look_and_what_to_do(to_do, data) -> None:
    found = mail([alarm(data)])
    for text in both(found):
        assert str(data["what"]).replace("'", "’") in text
        assert str(data.get("reply") or data["error"]) in text
        assert "Wednesday 25 November 2026, 06:31 UTC" in text
        assert to_do in text
        assert sum(other in text for other in TO_DO) == 1
    assert f"\n  {PANEL}subscribers/event/7/change/\n" in found.text
    links = [a["href"] for a in BeautifulSoup(found.html, "lxml").find_all("a")]
    assert links == [f"{PANEL}subscribers/event/7/change/", PANEL]


def test_a_doubted_look_shows_what_it_saw() -> None:
    for text in both(mail([alarm(DOUBT)])):
        assert "The look shows 1 paper; 30 papers of that day were known before." in text
        assert "It begins with: Moss <b>at</b> Night · 苔の研究" in text


def test_the_subject_names_the_one_or_counts_the_many_and_says_when_it_is_over() -> None:
    about = "huggingface, 2026-11-25: a look that can't be believed"
    when = "25 Nov 2026, 06:31 UTC"
    assert mail([alarm(DOUBT)]).headers["Subject"] == f"Alert, {when}: {about}"
    assert mail([alarm(DOUBT), alarm(RESTS)]).headers["Subject"] == f"Alert, {when}: 2 alerts"
    assert mail([alarm(RESTS)], [alarm(DOUBT)]).headers["Subject"] == f"Alert, {when}: mail channel paused"
    assert mail([], [alarm(DOUBT)]).headers["Subject"] == f"Over, {when}: {about}"


def test_what_is_over_is_told_in_a_line_each_without_anything_to_do() -> None:
    for text in both(mail([], [alarm(DOUBT)])):
        assert "This is over" in text
        assert "huggingface, 2026-11-25" in text
        assert "What to do" not in text
        assert "asks for you" not in text


def test_a_burst_is_one_mail_that_names_the_first_and_counts_the_rest() -> None:
    long = {**DOUBT, "what": "&" * 9_000, "error": '"<' * 9_000, "titles": ["&" * 9_000] * 50, "source": "s" * 9_000}
    found = mail([alarm(long)] * (SHOWN + 25), [alarm(long)] * (SHOWN + 5))
    assert all("And 30 alerts more, in the admin." in text for text in both(found))
    assert found.headers["Subject"].endswith(f"{SHOWN + 25} alerts")
    assert found.text.count("What to do") == SHOWN
    assert both(found)[0].count(" · ") == SHOWN * (TITLES - 1)
    assert len(found.html.encode()) < HTML_MOST


def test_it_can_not_be_left_like_a_list() -> None:
    headers = mail([alarm(DOUBT)]).headers
    assert "List-Unsubscribe" not in headers
    assert headers["Auto-Submitted"] == "auto-generated"


shapes = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=40), st.lists, max_leaves=4)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*DOUBT, *RESTS, "message_id", "since"]), shapes))
def test_whatever_is_noted_with_an_alert_it_is_text_and_nothing_else(data: dict[str, Any]) -> None:
    given, usual = (BeautifulSoup(mail([alarm(d)]).html, "lxml") for d in (data, {**DOUBT, **FAILING, **UNFIT}))
    known = {tag.name for tag in usual.find_all()}
    assert {tag.name for tag in given.find_all()} <= known
    assert [a["href"] for a in given.find_all("a")] == [f"{PANEL}subscribers/event/7/change/", PANEL]


def test_markup_of_strangers_is_shown_as_they_wrote_it() -> None:
    evil = "<script>alert(1)</script>"
    found = mail([Alert(NOW, {"what": evil, "error": evil, "titles": [evil]}, PANEL)])
    assert evil not in found.html
    assert all(text.count(evil) == 3 for text in both(found))
