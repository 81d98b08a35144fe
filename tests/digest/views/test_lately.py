"""What came of a reader's last slots, and why nothing did, on their page."""

import pytest
import time_machine
from django.conf import settings

from subscribers import topic_edits
from subscribers.links import sign
from subscribers.models import Subscriber
from subscribers.topics import read_topic
from tests.digest.views.pages import soup, text
from tests.house import at, fetch, item, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"


@pytest.fixture
def page(client, outbox):
    """Two slots: a digest, and a day on which a paper missed by two votes."""
    fetch([item("2603.00001", "Robots at dawn")], "2026-03-02", "2026-03-02 05:00")
    reader(R, "Robots=robot* -survey", now="2026-03-02 06:00", zone="Europe/Berlin", time="07:00")
    serve("2026-03-02 06:01")
    fetch([item("2603.00002", "A survey of robots", upvotes=9)], "2026-03-03", "2026-03-03 01:00")
    serve("2026-03-03 06:05")
    fetch([item("2603.00003", "A robot survey", upvotes=9)], "2026-03-04", "2026-03-04 01:00")
    serve("2026-03-04 06:05")
    with time_machine.travel("2026-03-04 08:00:00+00:00", tick=False):
        yield f"/me/{sign(settings.LINK_KEY.encode(), 'read', Subscriber.objects.get().key)}"


def test_the_last_slots_are_told_with_their_reasons(client, page):
    shown = text(soup(client.get(page)).select_one("[aria-labelledby=m3]"))
    assert "Wednesday 4 March 2026, 07:00 no mail: nothing matched your topics · Why?" in shown
    assert "Monday 2 March 2026, 07:00 your mail server took it" in shown


def test_one_click_says_what_came_closest_and_what_failed(client, page):
    link = soup(client.get(page)).find("a", string=lambda said: said and "Why?" in said) or next(
        a for a in soup(client.get(page)).find_all("a") if "/why/" in a["href"]
    )
    said = text(soup(client.get(link["href"])))
    assert "No mail was sent, because nothing matched your topics." in said
    assert "A robot survey Robots : left out: has “survey” in the title" in said.replace("Robots:", "Robots :")


@pytest.mark.parametrize("act", ["pause", "leave"])
def test_it_says_so_too_to_one_who_gets_nothing_now(client, page, act):
    link = next(a["href"] for a in soup(client.get(page)).find_all("a") if "/why/" in a["href"])
    run("reader", act, R, now="2026-03-04 08:00")
    assert "A robot survey" in text(soup(client.get(link)))


def test_a_digest_is_one_click_away(client, page):
    links = [a["href"] for a in soup(client.get(page)).select("[aria-labelledby=m3] a") if "/l/" in a["href"]]
    assert len(links) == 1
    assert "Robots at dawn" in text(soup(client.get(links[0])))


def test_a_day_without_a_slot_is_not_found(client, page):
    assert client.get(f"{page}/why/2026-02-01").status_code == 404
    assert client.get(f"{page}/why/20260201T060000").status_code == 404
    assert client.get(f"{page}/why/20260299T060000").status_code == 404
    assert client.get(f"{page}/why/2026-02-99").status_code == 404


def whys(client, page) -> list[str]:
    """What each “Why?” of the page leads to, the newest first."""
    links = [a["href"] for a in soup(client.get(page)).find_all("a") if "/why/" in a["href"]]
    return [text(soup(client.get(link)).main) for link in links]


class TestSeveralSlotsADay:
    @pytest.fixture(autouse=True)
    def twice(self, page) -> None:
        """On one day a morning and an evening without anything, and a noon that brought something."""
        Subscriber.objects.update(times="07:00,12:00,18:00")
        fetch([item("2603.00004", "A survey of moss")], "2026-03-05", "2026-03-05 01:00")
        serve("2026-03-05 06:05")
        fetch([item("2603.00005", "Robots at noon")], "2026-03-05", "2026-03-05 08:00")
        serve("2026-03-05 11:05")
        fetch([item("2603.00006", "A survey of ferns")], "2026-03-05", "2026-03-05 12:00")
        serve("2026-03-05 17:05")

    def test_each_why_explains_its_own_slot(self, client, page):
        evening, morning, *_ = whys(client, page)
        assert evening.startswith("Thursday 5 March 2026, 18:00 No mail was sent, because nothing matched your topics.")
        assert "A survey of ferns" in evening
        assert "A survey of moss" not in evening
        assert morning.startswith("Thursday 5 March 2026, 07:00 No mail was sent")
        assert "A survey of moss" in morning
        assert "A survey of ferns" not in morning

    def test_a_link_of_a_day_leads_to_all_of_its_slots(self, client, page):
        shown = text(soup(client.get(f"{page}/why/2026-03-05")).main)
        assert shown.startswith("Thursday 5 March Thursday 5 March 2026, 07:00 No mail was sent")
        parts = [shown.index(f"Thursday 5 March 2026, {clock} ") for clock in ("07:00", "12:00", "18:00")]
        assert parts == sorted(parts)
        assert "A digest was made on Thursday 5 March 2026, 12:05: your mail server took it. Read it" in shown
        assert shown.index("A survey of moss") < parts[1] < parts[2] < shown.index("A survey of ferns")
        read = soup(client.get(f"{page}/why/2026-03-05")).find("a", string="Read it")["href"]
        assert "Robots at noon" in text(soup(client.get(read)))


def test_why_leads_to_its_slot_also_after_the_clocks_are_those_of_another_place(client, page):
    before = whys(client, page)
    Subscriber.objects.update(zone="Pacific/Kiritimati")
    after = whys(client, page)
    assert [one.partition(" No mail ")[2] for one in before] == [one.partition(" No mail ")[2] for one in after]
    assert before[0].startswith("Wednesday 4 March 2026, 07:00")
    assert after[0].startswith("Wednesday 4 March 2026, 20:00")
    Subscriber.objects.update(zone="Pacific/Pago_Pago")
    assert whys(client, page)[0].startswith("Tuesday 3 March 2026, 19:00")


def test_a_slot_that_failed_is_told_in_words(client, page):
    Subscriber.objects.update(days="never")
    serve("2026-03-05 06:05")
    shown = text(soup(client.get(f"{page}/why/2026-03-05")).main)
    assert "something of yours could not be read; the next one covers this time too" in shown
    assert "Error" not in shown


def test_topics_that_were_changed_since_are_told_to_be(client, page):
    topic_edits.add(Subscriber.objects.get().pk, read_topic("Moss=moss"), at("2026-03-04 07:00"))
    said = "By your topics as they are now: you changed them on Wednesday 4 March 2026, 08:00, after this."
    assert said in whys(client, page)[0]


def test_feeds_are_made_changed_and_switched_off_by_buttons(client, page):
    assert "Make a feed" in text(soup(client.get(page)))
    first = soup(client.post(page, {"do": "feed"}, follow=True)).find("a", string="Atom")["href"]
    assert client.get(first).status_code == 200
    second = soup(client.post(page, {"do": "feed"}, follow=True)).find("a", string="Atom")["href"]
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    assert "Your feeds are switched off" in text(soup(client.post(page, {"do": "unfeed"}, follow=True)))
    assert client.get(second).status_code == 404


def test_asking_why_for_ever_is_not_answered_for_ever(client, page, monkeypatch):
    monkeypatch.setattr("subscribers.limits.wait_to_search", lambda *_: 60)
    assert client.get(f"{page}/why/2026-03-04").status_code == 429
