"""A person's topics as feeds."""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element

import feedparser
import pytest
import time_machine
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.test import Client

from digest.views import feeds
from subscribers import feeding
from subscribers.links import sign
from subscribers.membership import NotPossible
from subscribers.models import Subscriber
from tests.house import fetch, item, reader, run

pytestmark = pytest.mark.django_db
R = "r@example.org"


@pytest.fixture
def address():
    fetch(
        [
            item("2603.00001", "Robots & <moss>", upvotes=3),
            item("2603.00002", "Ferns", "Where x < y & <b>bold</b> claims."),
            item("2603.00003", "A robot among ferns", upvotes=9),
            item("2603.00004", "Stones"),
        ],
        "2026-03-02",
        "2026-03-02 05:00",
    )
    reader(R, "Robots=robot*", "Ferns=fern", now="2026-03-02 06:00")
    with time_machine.travel("2026-03-02 07:00:00+00:00", tick=False):
        yield made(feeding.renew(Subscriber.objects.get().pk))


def made(key: str) -> str:
    return f"/feed/{sign(settings.LINK_KEY.encode(), 'feed', key)}"


def test_a_reader_s_feed_has_each_matching_paper_once(client: Client, address: str) -> None:
    found = feedparser.parse(client.get(f"{address}/papers.atom").content)
    assert not found.bozo
    assert [one.title for one in found.entries] == ["A robot among ferns", "Robots & <moss>", "Ferns"]
    assert [tag.term for tag in found.entries[0].tags] == ["Robots", "Ferns"]
    assert found.entries[0].link.endswith("/p/2603.00003")
    assert found.entries[2].summary.startswith("<p>Where x &lt; y &amp; &lt;b&gt;bold&lt;/b&gt; claims.</p>")
    assert "Why: robot* as “robot” in the title" in found.entries[0].summary


def test_json_and_one_topic(client: Client, address: str) -> None:
    topic = Subscriber.objects.get().topics.get(name="Ferns")
    answer = client.get(f"{address}/{topic.pk}/papers.json")
    assert answer["Content-Type"] == "application/feed+json; charset=utf-8"
    found = json.loads(answer.content)
    assert [one["title"] for one in found["items"]] == ["A robot among ferns", "Ferns"]
    assert found["feed_url"].endswith(f"/{topic.pk}/papers.json")
    assert found["items"][0]["authors"] == [{"name": "Ada Moss"}]


def test_a_feed_that_is_asked_for_again_is_not_sent_again(client: Client, address: str) -> None:
    first = client.get(f"{address}/papers.atom")
    again = client.get(f"{address}/papers.atom", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    fetch([item("2603.00009", "Robots at night")], "2026-03-02", "2026-03-02 06:30")
    assert client.get(f"{address}/papers.atom", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_another_address_ends_the_old_one(client: Client, address: str) -> None:
    person = Subscriber.objects.get()
    new = made(feeding.renew(person.pk))
    assert client.get(f"{address}/papers.atom").status_code == 404
    assert client.get(f"{new}/papers.atom").status_code == 200
    feeding.withdraw(person.pk)
    assert client.get(f"{new}/papers.atom").status_code == 404


def test_no_feed_tells_the_address_of_another_reader_with_the_same_topics(client: Client, address: str) -> None:
    reader("s@example.org", "Robots=robot*", "Ferns=fern", now="2026-03-02 06:00")
    other = made(feeding.renew(Subscriber.objects.get(address="s@example.org").pk))
    for form in ("atom", "json"):
        first, second = (client.get(f"{one}/papers.{form}").content.decode() for one in (address, other))
        assert address in first
        assert other in second
        assert address not in second


def test_who_has_left_has_no_feed(client: Client, address: str) -> None:
    run("reader", "leave", R, now="2026-03-02 08:00")
    assert client.get(f"{address}/papers.atom").status_code == 404
    with pytest.raises(NotPossible):
        feeding.renew(Subscriber.objects.get().pk)


@pytest.mark.parametrize("path", ["papers.rss", "999/papers.atom", "papers.atom/x"])
def test_what_is_no_feed_is_not_found(client: Client, address: str, path: str) -> None:
    assert client.get(f"{address}/{path}").status_code == 404


def test_a_token_of_another_purpose_opens_no_feed(client: Client, address: str) -> None:
    key = Subscriber.objects.get().feed_key or ""
    assert address
    assert client.get(f"/feed/{sign(settings.LINK_KEY.encode(), 'read', key)}/papers.atom").status_code == 404


ATOM = "{http://www.w3.org/2005/Atom}"


def atom(client: Client, path: str) -> Element:
    return fromstring(client.get(f"{path}/papers.atom").content)


def test_each_feed_has_an_id_of_its_own_that_a_new_address_leaves_alone(client: Client, address: str) -> None:
    person = Subscriber.objects.get()
    reader("s@example.org", "Robots=robot*", now="2026-03-02 06:00")
    other = made(feeding.renew(Subscriber.objects.get(address="s@example.org").pk))
    topics = [f"/{topic.pk}" for topic in person.topics.order_by("pk")]
    ids = [atom(client, f"{address}{topic}").findtext(f"{ATOM}id") for topic in ("", *topics)]
    assert len({*ids, atom(client, other).findtext(f"{ATOM}id")}) == 4
    assert all(str(one).startswith("urn:uuid:") for one in ids)
    renewed = made(feeding.renew(person.pk))
    assert [atom(client, f"{renewed}{topic}").findtext(f"{ATOM}id") for topic in ("", *topics)] == ids


def test_an_entry_has_an_author_element_for_each_person_or_the_feed_s(client: Client, address: str) -> None:
    papers = [item("2603.00005", "Robots of two"), item("2603.00006", "Robots of nobody")]
    papers[0]["paper"]["authors"] = [{"name": "Ada Moss"}, {"name": "Fen, Bo"}]
    papers[1]["paper"]["authors"] = []
    fetch(papers, "2026-03-02", "2026-03-02 06:30")
    feed = atom(client, address)
    authors = {
        entry.findtext(f"{ATOM}title"): [one.findtext(f"{ATOM}name") for one in entry.findall(f"{ATOM}author")]
        for entry in feed.findall(f"{ATOM}entry")
    }
    assert authors["Robots of two"] == ["Ada Moss", "Fen, Bo"]
    assert authors["Robots of nobody"] == []
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == settings.SITE_NAME


def test_a_feed_does_without_the_shared_cache(client: Client, address: str, monkeypatch, caplog) -> None:
    def down(*_: object, **__: object) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(feeds.cache, "get", down)
    monkeypatch.setattr(feeds.cache, "set", down)
    for _ in range(2):
        assert client.get(f"{address}/papers.atom").status_code == 200
    assert "feeds are kept by each process alone: no cache" in caplog.text


def test_a_cache_that_goes_down_meanwhile_costs_no_feed(client: Client, address: str, monkeypatch, caplog) -> None:
    def down(*_: object) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(feeds.cache, "set", down)
    assert client.get(f"{address}/papers.json").status_code == 200
    assert "a feed is not kept: no cache" in caplog.text
