"""The way into the cockpit."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
NAME, PASSWORD = "boss", "a password nobody guesses"


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser(NAME, password=PASSWORD)


def log_in(client, password: str, ip: str = "192.0.2.1") -> int:
    filled = {"username": NAME, "password": password}
    return int(client.post("/admin/login/?next=/admin/", filled, REMOTE_ADDR=ip).status_code)


def test_whoever_is_wrong_too_often_waits_and_nobody_else_does(boss, client):
    wrong = [log_in(client, f"guess {n}") for n in range(settings.AXES_FAILURE_LIMIT + 2)]
    assert wrong[: settings.AXES_FAILURE_LIMIT - 1] == [200] * (settings.AXES_FAILURE_LIMIT - 1)
    assert set(wrong[settings.AXES_FAILURE_LIMIT :]) == {429}
    assert log_in(client, PASSWORD) == 429
    assert log_in(client, PASSWORD, ip="198.51.100.1") == 302


def test_a_forged_forwarding_header_is_no_way_round(boss, client):
    for n in range(settings.AXES_FAILURE_LIMIT):
        client.post("/admin/login/", {"username": NAME, "password": "x"}, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
    assert log_in(client, PASSWORD, ip="127.0.0.1") == 429


def test_being_locked_out_says_for_how_long_and_nothing_of_what_was_typed(boss, client):
    for n in range(settings.AXES_FAILURE_LIMIT + 1):
        answer = client.post("/admin/login/", {"username": NAME, "password": f"my secret {n}"})
    assert answer["Retry-After"] == "3600"
    assert b"in 60 minutes" in answer.content
    assert b"my secret" not in answer.content
