"""Ready-made topics in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from subscribers import ready
from subscribers.models import ReadyTopic, Subscriber
from subscribers.topics import save
from tests.house import reader

pytestmark = pytest.mark.django_db
LIST = "admin:subscribers_readytopic_changelist"
TYPED = {"name": "Robots", "note": "Hands.", "cap": "", "threshold": "0", "boosts": "", "place": "5", "offered": "on"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def typed(operator: Client, topic: ReadyTopic, **more: str) -> Any:
    url = reverse("admin:subscribers_readytopic_change", args=[topic.pk])
    return operator.post(url, {**TYPED, "text": topic.text, **more}, follow=True)


def test_a_change_goes_to_the_followers_and_says_how_many(operator: Client) -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    reader("ada@example.org", now="2026-11-24 08:00")
    save(Subscriber.objects.get(), ready.wish(robots))
    answer = typed(operator, robots, text="robot* OR grasp*", boosts="+3 touch\r\n\r\npin author:moss")
    assert "Its 1 followers have it" in answer.content.decode()
    topic = Subscriber.objects.get().topics.get(name="Robots")
    assert (topic.text, topic.boosts) == ("robot* OR grasp*", ["+3 touch", "pin author:moss"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": "(robot*"}, "This bracket is never closed"),
        ({"boosts": "+9 touch"}, "9 is not from -5 to 5"),
        ({"text": ""}, "This field is required"),
        ({"threshold": "101"}, "less than or equal to 100"),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_reason(operator: Client, wrong: dict[str, str], said: str) -> None:
    robots = ReadyTopic.objects.get(name="Robots")
    assert said in typed(operator, robots, **wrong).content.decode()
    assert ReadyTopic.objects.get(name="Robots").text == robots.text


def test_the_list_counts_followers(operator: Client) -> None:
    reader("ada@example.org", now="2026-11-24 08:00")
    save(Subscriber.objects.get(), ready.wish(ReadyTopic.objects.get(name="Robots")))
    page = operator.get(reverse(LIST)).content.decode()
    assert page.count('<td class="field-follow">1</td>') == 1
