"""A letter that comes back, from its envelope to the reader's page, as an operator lives it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.test import Client

from digest.pipeline.rendering import Renderer
from subscribers.models import Letter
from subscribers.outbox.queue import owed
from tests.house import at, fetch, letters, papers, reader, run, serve, told
from tests.returned import BASE, arf, hard, mail

pytestmark = pytest.mark.django_db
R = "r@example.org"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _named(settings):
    settings.BOUNCE_ADDRESS = BASE


def envelope(address: str) -> str:
    """The token in the envelope sender of a reader's newest letter."""
    newest = owed(Letter.objects.filter(subscriber__address=address).order_by("-pk")[:1])
    (message,) = Renderer()(newest).values()
    found = re.fullmatch(r"bounces\+([A-Za-z0-9_-]{52})@papers\.example\.org", message.sender)
    assert found, message.sender
    assert found[1].encode() not in message.data  # whoever is forwarded the mail learns no token from it
    return found[1]


def read(folder: Path, data: bytes, now) -> dict[str, int]:
    file = folder / "returned.eml"
    file.write_bytes(data)
    return {name: n for name, n in run("bounces", "--from", str(file), now=now).items() if n}


def test_six_mornings_in_a_row_and_a_lift(tmp_path):
    reader(R, now="2026-03-01 06:00")
    reader("other@example.org", now="2026-03-01 06:00")
    for n in range(8):
        day = at("2026-03-02 00:00") + n * DAY
        fetch(papers(f"2603.{n + 1:05}"), day.date(), day + timedelta(hours=6))
        serve(day + timedelta(hours=7))
        if n < 6:
            came = read(tmp_path, hard(envelope(R)), day + timedelta(hours=8))
            assert came == {"hard": 1, "recorded" if n < 5 else "suppressed": 1}
    shown = run("reader", "show", R, now="2026-03-09 12:00")
    assert (shown["state"], shown["score"]) == ("paused", 6.0)
    assert shown["suppressed"].startswith("bounces since 2026-03-07 until 2026-06-0")
    assert len(letters(R, kind="digest")) == 6
    assert len(letters("other@example.org", kind="digest")) == 8

    with pytest.raises(CommandError, match="needs --reason"):
        run("reader", "lift", R, now="2026-03-09 12:00")
    lifted = run("reader", "lift", R, "--reason", "she has a new mail server", now="2026-03-09 12:00")
    assert (lifted["state"], lifted["next"]) == ("active", "2026-03-10T07:00:00+00:00")
    serve("2026-03-10 07:00")
    assert told(R)[-2:] == ["2603.00007", "2603.00008"]
    assert run("reader", "show", R, now="2026-03-10 08:00")["score"] == 0


def test_a_complaint_is_the_last_mail_they_ever_got(tmp_path, outbox):
    reader(R, now="2026-03-01 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:00")
    serve("2026-03-02 07:00")
    assert read(tmp_path, arf("abuse", envelope(R)), "2026-03-02 09:00") == {"complaint": 1, "suppressed": 1}
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 06:00")
    serve("2026-03-03 07:00")
    assert len(list(outbox.glob("*.eml"))) == 1  # no goodbye either
    with pytest.raises(CommandError, match="must not be mailed"):
        reader(R, now="2026-03-04 07:00")
    assert run("reader", "show", R, now="2026-03-04 08:00")["state"] == "left"


def test_the_reader_s_page_lets_them_go_on(tmp_path, settings):
    from subscribers.links import sign

    reader(R, now="2026-03-01 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:00")
    serve("2026-03-02 07:00")
    for n in range(6):
        read(tmp_path, hard(envelope(R), n), at("2026-03-02 08:00") + n * DAY)
    key = Letter.objects.latest("pk").subscriber.key
    page = f"/me/{sign(settings.LINK_KEY.encode(), 'read', key + ':20260302T070000')}"
    assert "Paused" in Client().get(page).content.decode()
    assert run("reader", "show", R, now="2026-03-08 08:00")["state"] == "paused"
    assert Client().post(page, {"do": "resume"}).status_code == 303
    assert run("reader", "show", R)["suppressed"] == ""


def test_without_an_address_for_bounces_the_envelope_is_as_before_and_the_command_says_so(tmp_path, settings):
    settings.BOUNCE_ADDRESS = ""
    reader(R, now="2026-03-01 06:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:00")
    serve("2026-03-02 07:00")
    (letter,) = owed(Letter.objects.all())
    assert Renderer()([letter])[letter.pk].sender == "digest@papers.example.org"
    with pytest.raises(CommandError, match="BOUNCE_ADDRESS is not set"):
        run("bounces")


def test_the_command_says_what_is_missing(tmp_path, settings):
    with pytest.raises(CommandError, match="BOUNCES_URL is not set"):
        run("bounces")
    with pytest.raises(CommandError, match=r"nowhere\.eml: No such file"):
        run("bounces", "--from", str(tmp_path / "nowhere.eml"))
    assert read(tmp_path, mail("From: r@example.org", body="Hello."), "2026-03-01 07:00") == {"unread": 1, "nothing": 1}
