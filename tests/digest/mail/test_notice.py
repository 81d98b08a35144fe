"""Mails to one person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.compose import HTML_MOST, compose_notice
from digest.mail.parts import Part, Wording, WordingError
from digest.mail.said import TOPICS_MOST, Said, known, one_link, welcome
from digest.mail.slots import NOTICES
from digest.mail.wrap import columns
from tests.digest.mail.invented import (
    ACTIVE,
    CONFIRM,
    LEAVE,
    ME,
    NOW,
    PAUSED,
    READER,
    SAID,
    SITE,
    TEMPLATES,
    WELCOME,
    WHEN,
    notice,
    wording,
)  # fmt: skip
from tests.digest.mail.reading import Read, read


def mail(kind: str, said: Said | None = None, **reader: str) -> Read:
    return read(notice(kind, said, **reader))


def greeting(**content: Any) -> Read:
    return mail("welcome", welcome({**WELCOME, **content}, ME, LEAVE))


def links(html: str) -> list[str]:
    return [str(a["href"]) for a in BeautifulSoup(html, "lxml").find_all("a")]


def both(one: Read) -> tuple[str, str]:
    """What somebody reads, in one line each: the text part, the HTML part."""
    return " ".join(one.text.split()), " ".join(BeautifulSoup(one.html, "lxml").body.get_text(" ").split())


@pytest.mark.parametrize(("kind", "link"), [("confirm", CONFIRM), ("goodbye", LEAVE)])
def test_a_mail_with_one_thing_to_do_has_one_link_that_stands_apart(kind: str, link: str) -> None:
    found = mail(kind)
    assert f"\n\n{link}\n\n" in found.text
    assert links(found.html) == [link]
    assert found.text.count("https://") == 1


@pytest.mark.parametrize("kind", ["known", "welcome"])
def test_a_reader_s_mail_leads_to_their_page_and_out_also_near_the_top(kind: str) -> None:
    found = mail(kind)
    assert links(found.html) == [ME, LEAVE, ME, ME, LEAVE]
    assert f"\n{ME}\n" in found.text
    assert f"\n{LEAVE}\n" in found.text
    assert found.html.index(LEAVE) < found.html.index("<h1")


@pytest.mark.parametrize("kind", NOTICES)
def test_every_mail_says_to_whom_it_goes_who_runs_it_and_where_replies_are_read(kind: str) -> None:
    found = mail(kind)
    assert found.headers["Reply-To"] == "Daily Papers Digest <editor@papers.example.org>"
    for text in both(found):
        assert "reader@example.org" in text
        assert "A person reads replies" in text
        assert "Example Reading Room, 1 Sample Street, 00000 Exampleton" in text
    assert all(columns(line) <= 72 or "https://" in line for line in found.text.split("\n"))


def test_a_confirmation_says_what_it_is() -> None:
    found = mail("confirm")
    assert found.headers["Subject"] == "Confirm your address for Daily Papers Digest, 25 Nov 2026, 06:31 UTC"
    assert all("If it was not you, do nothing." in text for text in both(found))


def test_a_welcome_says_what_comes_and_when() -> None:
    found = greeting()
    assert found.headers["Subject"] == "Welcome to Daily Papers Digest, 25 Nov 2026, 06:31 UTC"
    for text in both(found):
        assert "First digest: within minutes, with the papers of the last 7 days" in text
        assert "Monday to Friday, 07:30, Europe/Berlin" in text
        assert "Next time: Thursday 26 November 2026, 07:30" in text
        assert "Long-context inference" in text
        assert '("long context" OR "kv cache") -survey' in text
        assert text.count("once a week") == 1
        assert "topics more" not in text


def test_a_welcome_without_topics_says_what_to_do_and_without_a_schedule_names_none() -> None:
    for text in both(greeting(topics=[], schedule="", next="")):
        assert "You have no topics yet" in text
        assert "Your topics" not in text
        assert "When: " not in text
        assert "Next time" not in text


def test_a_welcome_of_very_many_long_topics_names_the_first_and_stays_far_below_what_is_clipped() -> None:
    topics = [{"name": "&" * 100, "text": '"<' * 400, "cadence": "monthly"}] * (TOPICS_MOST + 3)
    found = greeting(topics=topics)
    assert found.text.count("once a month") == TOPICS_MOST
    assert all("And 3 topics more." in text for text in both(found))
    assert len(found.html.encode()) < HTML_MOST // 2


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=300))
def test_whatever_a_topic_is_called_it_is_text_and_nothing_else(name: str, query: str) -> None:
    found = greeting(topics=[{"name": name, "text": query, "cadence": "slot"}])
    usual = greeting(topics=[{"name": "x", "text": "y", "cadence": "slot"}])
    assert _tags(found.html) == _tags(usual.html)


def _tags(html: str) -> list[str]:
    return [tag.name for tag in BeautifulSoup(html, "lxml").find_all()]


def test_a_reader_who_is_known_hears_that_nothing_was_changed_and_when_the_next_digest_comes() -> None:
    found = mail("known", known(ACTIVE, ME, LEAVE))
    assert found.headers["Subject"] == "You are a reader of Daily Papers Digest already, 25 Nov 2026, 06:31 UTC"
    for text in both(found):
        assert "nothing was changed: not your topics, not your schedule" in text
        assert "Next time: Thursday 26 November 2026, 07:30, if anything matches." in text
        assert "paused" not in text


def test_one_who_has_paused_hears_that_and_how_to_go_on() -> None:
    for text in both(mail("known", known(PAUSED, ME, LEAVE))):
        assert "Your digests are paused. To get them again, open your page and press" in text
        assert "Next time" not in text
        assert "07:30" not in text


def test_a_goodbye_confirms_the_leaving_and_offers_one_way_back() -> None:
    found = mail("goodbye")
    assert found.headers["Subject"] == "You have left Daily Papers Digest, 25 Nov 2026, 06:31 UTC"
    for text in both(found):
        assert "No more digests go to reader@example.org" in text
        assert "this is our last mail" in text
        assert "Your topics are kept as they were" in text


@pytest.mark.parametrize("kind", NOTICES)
def test_its_header_is_that_of_every_mail_and_can_be_left_when_there_is_a_token_for_it(kind: str) -> None:
    found = mail(kind).headers
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Id"] == "Daily Papers Digest <digest.papers.example.org>"
    assert found["Feedback-ID"] == f"2026-11-25:{kind}:daily-papers:papers.example.org"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in mail(kind, leave_token="").headers


@pytest.mark.parametrize("kind", NOTICES)
def test_two_of_them_have_different_subjects(kind: str) -> None:
    later = read(notice(kind, date=NOW + timedelta(minutes=1)))
    assert later.headers["Subject"] != mail(kind).headers["Subject"]


def test_a_link_with_markup_in_it_stays_a_link() -> None:
    assert links(mail("confirm", one_link('https://x.example/?a="b"&c=<d>')).html) == ['https://x.example/?a="b"&c=<d>']


def test_every_kind_of_wording_that_is_shipped_has_its_names() -> None:
    assert {folder.name for folder in TEMPLATES.iterdir()} == {"digest", *NOTICES} == {"digest", *SAID}


@pytest.mark.parametrize("kind", NOTICES)
def test_a_template_names_only_what_its_mail_says(kind: str) -> None:
    parts = [Part(kind, "subject", "txt", "x"), Part(kind, "head", "html", "x")]
    for body, said in (
        ("{{ slot.papers }}", "slot 'papers'"),
        ('{% call when("found") %}{% endcall %}', "block 'found'"),
    ):
        made = Wording([*parts, Part(kind, "head", "txt", body)])
        with pytest.raises(WordingError, match=rf"{kind}/head\.txt, line 1: there is no {said}"):
            compose_notice(kind, made, SITE, READER, SAID[kind], "<x@example.org>", NOW)


def test_a_value_that_was_not_given_is_named() -> None:
    with pytest.raises(KeyError, match="link"):
        mail("confirm", Said())


@pytest.mark.parametrize("missing", ["topics", "schedule", "next"])
def test_a_letter_that_lacks_what_its_mail_says_is_an_error(missing: str) -> None:
    content = {name: value for name, value in {**WELCOME, **WHEN}.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        welcome(content, ME, LEAVE)


def test_a_wording_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="its own kind, not of digest"):
        compose_notice("confirm", wording(), SITE, READER, SAID["confirm"], "<x@example.org>", NOW)
