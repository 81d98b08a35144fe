"""`doctor`: what an operator can get wrong, each with its mend."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from subscribers.models import Subscriber
from subscribers.outbox.mailurl import read_mail_url
from tests.house import fetch, papers, reader
from tests.sink import Sink

pytestmark = pytest.mark.django_db


def examined(now: str = "2026-03-02 08:10") -> dict[str, dict[str, object]]:
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^to mend: "):  # there is no broker in the tests
        call_command("doctor", "--json", "--now", now.replace(" ", "T") + "Z", stdout=out, stderr=io.StringIO())
    found = json.loads(out.getvalue())["checks"]
    assert all(bool(check["mend"]) is not check["ok"] for check in found), (
        "a mend for what is wrong, and for nothing else"
    )
    return {check["name"]: check for check in found}


@pytest.fixture
def looked():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 08:00")


@pytest.mark.usefixtures("looked")
def test_a_good_service_is_told_so():
    found = examined()
    outside = {"broker", "operators", "mail server", "signature"}  # a folder takes the mail, and nothing is set
    assert {name for name, check in found.items() if not check["ok"]} <= outside
    assert found["sources"]["detail"] == "1 enabled, all believed"


@pytest.mark.usefixtures("looked")
def test_who_waits_for_a_tick_says_that_nobody_ticks():
    reader("r@example.org", now="2026-03-02 08:05")
    found = examined("2026-03-02 09:00")
    assert not found["clockwork"]["ok"]
    assert "1 readers" in found["clockwork"]["detail"]
    assert "beat and a worker" in found["clockwork"]["mend"]


@pytest.mark.usefixtures("looked")
def test_a_list_that_is_not_believed_and_a_schedule_that_can_not_be_read_are_named():
    fetch(b"<html><title>Just a moment...</title></html>", "2026-03-02", "2026-03-02 08:05")
    reader("r@example.org", now="2026-03-02 08:05")
    Subscriber.objects.update(zone="Atlantis/Deep")
    found = examined()
    assert "huggingface" in found["sources"]["detail"]
    assert found["readers"]["detail"] == f"schedules that can't be read: readers {Subscriber.objects.get().pk}"


@pytest.mark.usefixtures("looked")
def test_a_mail_server_is_asked_and_one_that_is_away_is_named(settings):
    with Sink() as sink:
        settings.MAIL_TARGET = read_mail_url(f"smtp://127.0.0.1:{sink.port}?timeout=2")
        assert examined()["mail server"]["ok"]
    assert "127.0.0.1" in str(settings.MAIL_TARGET)
    assert not examined()["mail server"]["ok"]


@pytest.mark.usefixtures("looked")
def test_an_address_without_https_and_nobody_to_alert_are_told(settings):
    settings.LOCAL_INBOX, settings.HTTPS, settings.OPERATORS = False, False, ()
    found = examined()
    assert not found["addresses"]["ok"]
    assert found["operators"]["mend"] == "set OPERATORS=you@example.org"
    assert "DKIM_KEY" in found["signature"]["mend"]


def test_a_check_that_raises_is_a_failed_check(monkeypatch):
    monkeypatch.setattr("digest.pipeline.examining.shutil.disk_usage", lambda _: 1 / 0)
    assert examined()["room"]["detail"] == "ZeroDivisionError: division by zero"


@pytest.mark.usefixtures("looked")
def test_a_front_panel_that_raises_fails_the_checks_that_need_it_and_no_other(monkeypatch):
    monkeypatch.setattr("digest.pipeline.examining.front_panel.panel", lambda _: 1 / 0)
    found = examined()
    assert found["queue"]["detail"] == "ZeroDivisionError: division by zero"
    assert found["room"]["ok"]
