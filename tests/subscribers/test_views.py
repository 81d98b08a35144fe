"""Confirm and leave: opening a link changes nothing, a button or a mail program's one click does."""

import logging

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from subscribers.discretion import WithoutTokens
from subscribers.models import Event, Letter, Subscriber
from subscribers.views import masked
from tests.digest.views.pages import link_in, soup, text, token
from tests.house import at, mails, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"
ASKED = "2026-03-02 06:00"


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.clear()


@pytest.fixture
def careful() -> Client:
    """A client that is refused where a CSRF token is needed."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def link(outbox) -> str:
    """The link in a confirmation."""
    run("reader", "add", R, "--topic", "Moss=moss", now=ASKED)
    run("deliver", "--until-empty", now=ASKED)
    return link_in(mails(outbox)[-1], "confirm")


def state() -> str:
    return Subscriber.objects.get().state


def test_opening_a_confirmation_shows_one_button_and_changes_nothing(careful, link):
    before = Subscriber.objects.values().get()
    with time_machine.travel(at("2026-03-02 07:00"), tick=False):
        page = soup(careful.get(link))
        for method in (careful.get, careful.head, careful.options, careful.put):
            assert method(link).status_code < 500
    assert len(page.select("main button")) == 1
    assert "r••••@example.org" in text(page)
    assert R not in str(page)
    assert Subscriber.objects.values().get() == before


def test_the_button_confirms_and_keeps_proof_of_it(careful, link):
    with time_machine.travel(at("2026-03-02 07:00"), tick=False):
        page = soup(careful.post(link, headers={"user-agent": "Reader 1.0"}))
    assert "Welcome" in text(page)
    person = Subscriber.objects.get()
    assert (person.state, person.confirmed_at) == ("active", at("2026-03-02 07:00"))
    assert person.confirmed_from == {"ip": "127.0.0.1", "agent": "Reader 1.0"}
    assert person.consent.startswith("page of 2026-11")
    assert careful.get(page.select_one("a.button")["href"]).status_code == 200


def test_a_used_link_says_since_when_and_pressing_again_changes_nothing(careful, link):
    with time_machine.travel(at("2026-03-02 07:00"), tick=False):
        careful.post(link)
    with time_machine.travel(at("2026-04-02 07:00"), tick=False):
        for answer in (careful.get(link), careful.post(link)):
            assert "confirmed since 2 March 2026, 07:00 UTC" in text(soup(answer))
    assert Event.objects.filter(kind="confirmed").count() == 1


@pytest.mark.parametrize(("moment", "after"), [("2026-03-05 06:00", "active"), ("2026-03-05 06:00:01", "pending")])
def test_a_confirmation_is_good_for_72_hours(careful, link, moment, after):
    with time_machine.travel(at(moment), tick=False):
        careful.post(link)
    assert state() == after


def test_an_expired_link_offers_a_new_confirmation_which_works(careful, link, outbox):
    with time_machine.travel(at("2026-03-06 06:00"), tick=False):
        page = soup(careful.get(link))
        assert "This link has ended" in text(page)
        assert "Check your mail" in text(soup(careful.post(link, {"again": "1"})))
        run("deliver", "--until-empty", now="2026-03-06 06:01")
        assert state() == "pending"
        careful.post(link)
        assert state() == "pending"
        careful.post(link_in(mails(outbox)[-1], "confirm"))
    assert state() == "active"


def test_asking_again_and_again_sends_one_mail_a_day(careful, link):
    with time_machine.travel(at("2026-03-06 06:00"), tick=False):
        for _ in range(5):
            careful.post(link, {"again": "1"})
    assert Letter.objects.filter(kind="confirm").count() == 2


def test_the_link_of_one_who_left_revives_nothing_and_offers_a_new_one(careful, link):
    with time_machine.travel(at("2026-03-02 07:00"), tick=False):
        careful.post(link)
        run("reader", "leave", R, now="2026-03-02 07:30")
        page = soup(careful.post(link))
        assert "You left on 2 March 2026" in text(page)
        assert state() == "left"
    with time_machine.travel(at("2026-03-04 07:00"), tick=False):
        careful.post(link, {"again": "1"})
    assert state() == "left"
    assert Letter.objects.filter(kind="confirm").count() == 2


def test_a_confirmation_of_nobody_or_for_something_else_is_not_ours(careful, link):
    person = Subscriber.objects.get()
    for wrong in ("x", token("leave", person), token("confirm", person), token("read", person, ASKED)):
        assert careful.get(f"/confirm/{wrong}").status_code == 404
        assert careful.post(f"/confirm/{wrong}").status_code == 404
    run("reader", "forget", R, now="2026-03-03 06:00")
    assert "This request is gone" in text(soup(careful.get(link)))
    assert "This request is gone" in text(soup(careful.post(link)))


@pytest.fixture
def leaving() -> str:
    """The leave link of an active reader."""
    reader(R, "Moss=moss", "Ferns=fern", now=ASKED)
    return f"/leave/{token('leave', Subscriber.objects.get())}"


def test_opening_the_leave_link_shows_whom_it_is_about_and_changes_nothing(careful, leaving):
    before = Subscriber.objects.values().get()
    page = soup(careful.get(leaving))
    assert "r••••@example.org" in text(page)
    assert R not in str(page)
    assert [button["value"] for button in page.select("main button")] == ["leave"]
    for method in (careful.head, careful.options, careful.put, careful.delete):
        assert method(leaving).status_code < 500
    assert Subscriber.objects.values().get() == before


def test_the_button_leaves_says_what_ended_and_offers_the_way_back(careful, leaving):
    page = soup(careful.post(leaving, {"do": "leave"}))
    assert state() == "left"
    assert "You have left" in text(page)
    assert "Moss" in text(page)
    assert [button["value"] for button in page.select("main button")] == ["back"]
    assert "Check your mail" in text(soup(careful.post(leaving, {"do": "back"})))
    assert state() == "left"
    assert Letter.objects.filter(kind="confirm").count() == 1


def one_click(client: Client, address: str, how: str):
    if how == "urlencoded":
        return client.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    return client.post(address, {"List-Unsubscribe": "One-Click"})


@pytest.mark.parametrize("how", ["urlencoded", "multipart"])
def test_one_click_leaves_without_cookie_token_or_referer_and_is_the_same_twice(careful, leaving, how):
    first, second = one_click(careful, leaving, how), one_click(careful, leaving, how)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert not first.cookies
    assert state() == "left"
    assert Event.objects.filter(kind="left").count() == 1
    assert Event.objects.get(kind="left").data == {"how": "one-click"}


def test_one_click_is_answered_for_ever_also_for_one_who_is_gone(careful, leaving):
    run("reader", "forget", R, now="2026-03-03 06:00")
    assert one_click(careful, leaving, "urlencoded").status_code == 200
    assert "We keep nothing" in text(soup(careful.get(leaving)))
    Event.objects.all().delete()
    Subscriber.objects.all().delete()
    assert one_click(careful, leaving, "multipart").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click\r\n", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click", ""),
        (b"List-Unsubscribe=One-Click\n", "text/plain"),
        (b"List-Unsubscribe=One-Click", "multipart/form-data; boundary=x"),
        (b"a=b&List-Unsubscribe=One-Click\r\n", "application/x-www-form-urlencoded"),
    ],
)
def test_one_click_is_understood_however_a_program_writes_it(careful, leaving, body, kind):
    assert careful.generic("POST", leaving, body, content_type=kind).status_code == 200
    assert state() == "left"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=maybe", "application/x-www-form-urlencoded"),
        (b"do=explode", "application/x-www-form-urlencoded"),
        (b"--broken", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
    ],
)
def test_a_post_that_is_not_understood_leaves_nobody_and_says_so(careful, leaving, body, kind):
    assert careful.generic("POST", leaving, body, content_type=kind).status_code == 400
    assert state() == "active"


def test_a_forged_leave_link_is_a_404(careful, leaving):
    person = Subscriber.objects.get()
    for wrong in (leaving[7:-1], leaving[7:] * 2, token("read", person), token("leave", person, ASKED)):
        assert one_click(careful, f"/leave/{wrong}", "urlencoded").status_code == 404
    assert state() == "active"


def test_no_token_reaches_a_log(careful, leaving):
    link = f"/confirm/{token('confirm', Subscriber.objects.get(), ASKED)}"
    heard: list[str] = []

    class Hears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    handler = Hears()
    handler.addFilter(WithoutTokens())
    logging.getLogger("django.request").addHandler(handler)
    try:
        for address in (leaving, link, leaving.replace("leave", "me"), f"{leaving}x"):
            careful.put(address)
            careful.get(f"{address}/nowhere")
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert len(heard) >= 4
    assert not [line for line in heard if leaving[7:40] in line or link[9:40] in line]


def test_an_address_is_masked_to_what_its_owner_knows():
    assert masked("r@example.org") == "r••••@example.org"
    assert masked("longname@sub.example.org") == "l••••@sub.example.org"
