"""What every list of the cockpit has in common: bounded counts, a bounded reach, search by what has an index."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from subscribers.models import Event, Subscriber, Topic
from subscribers.topics import TopicWish, save
from tests.house import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def ada() -> Subscriber:
    """A reader with three events, among another's many."""
    ada, ben = (Subscriber.objects.create(email=f"{n}@example.org", address=f"{n}@example.org") for n in ("ada", "ben"))
    Event.objects.bulk_create(Event(kind="asked", at=at("2026-03-01 00:00"), subscriber=ada) for _ in range(3))
    Event.objects.bulk_create(Event(kind="left", at=at("2026-03-02 00:00"), subscriber=ben) for _ in range(5))
    return ada


def listed(client: Client, name: str, **query: object):
    response = client.get(reverse(f"admin:subscribers_{name}_changelist"), query)
    assert response.status_code == 200
    return response


def count(client: Client, name: str, **query: object) -> int:
    return listed(client, name, **query).context["cl"].result_count


def test_a_list_counts_no_further_than_its_bound_and_says_so(operator, ada, monkeypatch):
    assert "8 events" in listed(operator, "event").content.decode()
    monkeypatch.setattr("subscribers.admin.Bounded.most", 5)
    text = listed(operator, "event").content.decode()
    assert "the first 5 events, and there may be more" in text


def test_no_list_counts_its_whole_table(operator, ada, django_assert_max_num_queries):
    with django_assert_max_num_queries(14) as queries:
        listed(operator, "event")
    counts = [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_a_list_that_grows_with_the_readers_goes_back_so_far(operator, ada, monkeypatch):
    monkeypatch.setattr("subscribers.admin.Reach.newest", 6)
    assert count(operator, "event") == 6
    assert count(operator, "event", kind="asked") == 1
    assert count(operator, "event", kind="asked", reach="all") == 3


def test_it_goes_back_to_the_beginning_for_one_reader(operator, ada, monkeypatch):
    monkeypatch.setattr("subscribers.admin.Reach.newest", 6)
    assert count(operator, "event", subscriber=ada.pk) == 3
    assert count(operator, "event", q="ada@example.org") == 3


def test_readers_are_found_by_address_however_it_is_spelled_and_by_key(operator, ada):
    for term in ("ada@example.org", " Ada@EXAMPLE.org ", ada.key):
        assert [row.pk for row in listed(operator, "subscriber", q=term).context["cl"].result_list] == [ada.pk]
    for term in ("ada", "ada@", "nobody@example.org", "0" * 32, "%", "' OR 1=1 --"):
        assert count(operator, "subscriber", q=term) == 0


def test_topics_are_found_by_their_reader(operator, ada):
    save(ada, TopicWish("Robots", "robot*"))
    save(Subscriber.objects.get(address="ben@example.org"), TopicWish("Moss", "moss"))
    assert [row.name for row in listed(operator, "topic", q="ada@example.org").context["cl"].result_list] == ["Robots"]
    assert Topic.objects.count() == 2


def test_what_a_reader_typed_is_shown_as_text(operator, ada):
    topic = save(ada, TopicWish("<script>alert(1)</script>", '"<img src=x onerror=alert(1)>"'))
    pages = [
        listed(operator, "topic"),
        operator.get(reverse("admin:subscribers_topic_change", args=[topic.pk])),
        operator.get(reverse("admin:subscribers_subscriber_change", args=[ada.pk])),
        listed(operator, "filter"),
    ]
    for response in pages:
        assert "<script>alert" not in response.content.decode()
        assert "<img src=x" not in response.content.decode()
