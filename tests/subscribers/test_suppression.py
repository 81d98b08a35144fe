"""Addresses that must not be mailed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from subscribers import joining, membership
from subscribers.links import address_hash
from subscribers.models import Letter, Subscriber, Suppression
from subscribers.suppression import suppressed
from tests.house import at, reader, run

R = "reader@example.org"
NOW = at("2026-03-04 12:00")
DAY = timedelta(days=1)
SECRET = b"a secret for tests, 32 bytes ..."


def suppress(address: str = R, **more) -> Suppression:
    name = address_hash(settings.LINK_KEY.encode(), address)
    return Suppression.objects.create(address_hash=name, reason="complaint", since=NOW - 30 * DAY, **more)


def ask(address: str = R, now=NOW) -> None:
    joining.ask(address, address, [], now, site_host="example.org", schedule={}, asked_from={})


@given(st.emails(), st.emails())
def test_a_hash_names_one_address_under_one_secret_and_never_changes(one: str, other: str) -> None:
    assert (address_hash(SECRET, one) == address_hash(SECRET, other)) == (one == other)
    assert address_hash(SECRET, one) != address_hash(SECRET[::-1], one)
    assert address_hash(SECRET, R) == "66dfdbfa80ed14da1451906b6449332e763599fdc8c92e9424425a5bd1c78875"


@pytest.mark.django_db
def test_an_address_that_must_not_be_mailed_gets_no_mail_and_no_row_from_a_sign_up():
    suppress()
    ask()
    ask("other@example.org")
    assert list(Subscriber.objects.values_list("address", flat=True)) == ["other@example.org"]
    assert Letter.objects.count() == 1


@pytest.mark.django_db
def test_one_who_reads_or_has_left_gets_none_either():
    reader(R, now="2026-03-01 06:00")
    suppress()
    ask()
    run("reader", "leave", R, now="2026-03-03 06:00")
    ask()
    joining.ask_again(Subscriber.objects.get().pk, NOW, site_host="example.org", asked_from={})
    assert not Letter.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({}, True),
        ({"until": NOW + DAY}, True),
        ({"until": NOW}, False),
        ({"until": NOW - DAY}, False),
        ({"lifted_at": NOW - DAY}, False),
        ({"lifted_at": NOW - DAY, "until": NOW + DAY}, False),
    ],
)
def test_what_has_ended_or_was_lifted_does_not_count(more, held):
    suppress(**more)
    assert suppressed(R, NOW) == held
    assert not suppressed("other@example.org", NOW)
    ask()
    assert Letter.objects.exists() != held


@pytest.mark.django_db
def test_an_operator_who_adds_such_an_address_is_told_why_not_and_it_is_not_added():
    suppress()
    with pytest.raises(CommandError, match="must not be mailed"):
        reader(R, now="2026-03-04 12:00")
    with pytest.raises(CommandError, match="must not be mailed"):
        run("reader", "add", R, now="2026-03-04 12:00")
    with pytest.raises(membership.NotPossible):
        membership.sign_up(R, R, [], NOW, site_host="example.org")
    assert not Subscriber.objects.exists()
