"""A digest as a page."""

import pytest
import time_machine

from subscribers.models import Letter, Subscriber
from tests.digest.views.pages import link_in, soup, text, titles, token
from tests.house import at, fetch, item, letters, mails, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"


@pytest.fixture
def sent(outbox):
    """A digest with something behind "more", and the link in its mail."""
    fetch([item(f"2603.{n:05}", f"Robot {n}", upvotes=n) for n in range(4)] + [item("2603.00009", "Moss")],
          "2026-03-02", "2026-03-02 05:00")  # fmt: skip
    reader(R, "Robots[cap=2]=robot*", "Ferns=fern", now="2026-03-02 06:00:00.123456")
    serve("2026-03-02 06:01")
    return link_in(mails(outbox)[0], "l")


def test_the_page_shows_what_the_mail_showed_and_everything_behind_more(client, sent):
    page = soup(client.get(sent))
    assert titles(page) == ["Robot 3", "Robot 2", "Robot 1", "Robot 0"]
    assert page.select_one("#t1").get_text() == "Robots"
    assert "4 papers, 2 in the mail" in text(page)
    assert "5 new or changed = 4 above + 0 told before + 1 outside your topics" in text(page)
    assert len(page.select(".paper mark")) >= 4
    assert all("Why robot* as “Robot” in the title" in text(paper) for paper in page.select(".paper"))
    assert "Your first digest" in text(page)


def test_it_shows_the_facts_of_then_whatever_has_changed_since(client, sent):
    fetch([item("2603.00003", "Robot 3 renamed", upvotes=500)], "2026-03-02", "2026-03-02 09:00")
    page = soup(client.get(sent))
    assert titles(page)[0] == "Robot 3"
    assert "3 upvotes" in text(page.select_one(".paper"))


def test_votes_are_named_where_there_are_any(client, sent):
    votes = [paper.select_one(".votes") for paper in soup(client.get(sent)).select(".paper")]
    assert [" ".join(text(one).split()) if one else "" for one in votes] == [
        "▲ 3 upvotes",
        "▲ 2 upvotes",
        "▲ 1 upvote",
        "",
    ]


def test_a_digest_of_nothing_says_so_as_its_mail_does_and_offers_no_empty_files(client, outbox):
    fetch([item("2603.00009", "Moss")], "2026-03-02", "2026-03-02 05:00")
    reader(R, "Ferns=fern", now="2026-03-02 06:00")
    Subscriber.objects.update(empty_too=True)
    serve("2026-03-02 06:01")
    page = soup(client.get(link_in(mails(outbox)[0], "l")))
    assert "No papers for you, of 1 new or changed" in text(page)
    assert "No papers for you, of 1 new or changed" in mails(outbox)[0].get_body(("plain",)).get_content()
    assert "BibTeX" not in text(page)


def test_it_leads_to_topics_and_out_and_never_shows_the_address(client, sent):
    page = soup(client.get(sent))
    assert client.get(page.find("a", string="Topics, schedule, pause")["href"]).status_code == 200
    assert client.get(page.find("a", string="Unsubscribe")["href"]).status_code == 200
    assert R not in str(page)


def test_another_digest_of_the_same_person_is_reached_by_its_slot_alone(client, sent):
    fetch([item("2603.00010", "Robot 10")], "2026-03-03", "2026-03-03 05:00")
    serve("2026-03-03 07:01")
    assert titles(soup(client.get(f"{sent}/20260303T070000"))) == ["Robot 10"]
    for nowhere in ("20260304T070000", "20260303", "x", "99999999T999999", "99991231T235959", "00010101T000000"):
        assert client.get(f"{sent}/{nowhere}").status_code == 404


def test_who_leaves_and_returns_within_a_second_has_one_digest_a_link(client, sent, outbox):
    run("reader", "leave", R, now="2026-03-02 06:00:00.300000")
    run("reader", "add", R, "--topic", "Moss=moss", now="2026-03-02 06:00:00.600000")
    run("reader", "confirm", R, "--reason", "is back", now="2026-03-02 06:00:00.700000")
    serve("2026-03-02 06:02")
    fetch([item("2603.00010", "Robot 10")], "2026-03-03", "2026-03-03 05:00")
    serve("2026-03-03 07:01")
    names = [letter["message_id"] for letter in letters(R, kind="digest")]
    arrived = [link_in(mail, "l") for mail in mails(outbox) if mail["Message-ID"] in names]
    assert len(set(names)) == len(names) == len(set(arrived)) == 2
    assert titles(soup(client.get(arrived[0]))) == ["Robot 3", "Robot 2", "Robot 1", "Robot 0"]
    assert sorted(titles(soup(client.get(arrived[1])))) == ["Moss", "Robot 0", "Robot 1", "Robot 10"]


def test_a_link_that_is_not_ours_opens_nothing(client, sent):
    person = Subscriber.objects.get()
    slot = Letter.objects.get().slot
    wrong = [token("leave", person), token("confirm", person, slot), token("read", person), "x", sent[3:-1], "A" * 52]
    assert [client.get(f"/l/{one}").status_code for one in wrong] == [404] * len(wrong)


def test_after_leaving_it_can_still_be_read_and_after_erasing_not(client, sent):
    run("reader", "leave", R, now="2026-03-03 08:00")
    assert client.get(sent).status_code == 200
    run("reader", "forget", R, now="2026-03-03 08:00")
    assert client.get(sent).status_code == 404


def test_a_digest_that_may_not_have_arrived_is_named_with_its_page(client, sent, outbox):
    Letter.objects.update(state="unknown", decided_at=at("2026-03-02 06:02"))
    Subscriber.objects.update(owed_from=at("2026-03-01 00:00"))
    fetch([item("2603.00010", "Robot 10")], "2026-03-03", "2026-03-03 05:00")
    serve("2026-03-03 07:01")
    newest = mails(outbox)[-1]
    page = soup(client.get(link_in(newest, "l")))
    assert "may not have arrived" in text(page)
    assert titles(soup(client.get(page.find("a", string="Read it here")["href"])))[0] == "Robot 3"


def test_pages_behind_a_persons_link_are_kept_by_nobody(client, sent):
    with time_machine.travel(at("2026-03-02 08:00"), tick=False):
        for address in (sent, sent.replace("/l/", "/me/"), f"/leave/{token('leave', Subscriber.objects.get())}"):
            answer = client.get(address)
            assert "no-store" in answer["Cache-Control"]
            assert soup(answer).select_one("meta[name=robots]")["content"] == "noindex"


@pytest.mark.parametrize(("form", "entry"), [("bib", "title = {{Robot"), ("ris", "TI  - Robot")])
def test_a_reference_manager_gets_every_paper_of_it_once(client, sent, form, entry):
    page = soup(client.get(sent))
    address = next(a["href"] for a in page.find_all("a") if a["href"].endswith(f"/papers.{form}"))
    answer = client.get(address)
    assert answer.content.decode().count(entry) == 4
    assert answer["Content-Disposition"] == f'attachment; filename="papers-2026-03-02.{form}"'
    assert "no-store" in answer["Cache-Control"]
    assert client.get(address.replace(f".{form}", ".exe")).status_code == 404
    assert client.get(address.replace("20260302", "20260303")).status_code == 404
