"""A backup was put back: what was open in it is in doubt, whatever the clocks said; what is posted since is not."""

import pytest
from django.core.management.base import CommandError

from subscribers import joining, membership
from subscribers.models import Letter, Subscriber
from subscribers.outbox import journal
from tests.house import at, fetch, letters, papers, publish, reader, run, serve

pytestmark = pytest.mark.django_db
TAKEN = "2026-03-03T07:00Z"


@pytest.fixture(autouse=True)
def _read():
    """Two readers who have had their first digest, and news for the next one."""
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(2):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")


def states() -> list[str]:
    return list(Letter.objects.order_by("slot", "pk").values_list("state", flat=True))


def put_back(now: str, taken: str = TAKEN) -> list[str]:
    return run("restored", "--taken", taken, now=now)["unknown"]


@pytest.mark.parametrize(
    ("posted", "taken"),
    [
        ("2026-03-03 07:00:20", TAKEN),  # the backup is of 07:00:37, and its name says no seconds
        ("2026-03-03 07:01", "2026-03-03T06:30Z"),  # by a clock that was an hour ahead
    ],
)
def test_every_letter_that_the_backup_holds_as_open_is_in_doubt(posted, taken):
    publish(posted)
    assert len(put_back("2026-03-03 07:10", taken)) == 2
    assert run("deliver", "--until-empty", now="2026-03-03 07:12")["accepted"] == 0
    assert states() == ["accepted"] * 2 + ["unknown"] * 2


def test_what_is_posted_afterwards_is_not_when_it_is_said_again():
    publish("2026-03-03 07:00:20")
    put_back("2026-03-03 07:10")
    run("reader", "add", "new@example.org", now="2026-03-03 07:15")
    assert put_back("2026-03-03 07:20") == []
    assert states() == ["accepted"] * 2 + ["unknown"] * 2 + ["waiting"]


def test_what_an_operator_sends_again_afterwards_is_not():
    publish("2026-03-03 07:00:20")
    first, _ = put_back("2026-03-03 07:10")
    run("letter", first, "again", now="2026-03-03 07:15")
    assert put_back("2026-03-03 07:20") == []
    assert letters(state="waiting")[0]["message_id"] == first


def test_a_slot_that_passes_afterwards_is_not():
    publish("2026-03-03 07:00:20")
    put_back("2026-03-03 07:10")
    fetch(papers("2603.00003"), "2026-03-04", "2026-03-04 05:00")
    assert put_back("2026-03-04 07:01") == []
    assert serve("2026-03-04 07:02")["accepted"] == 2


def test_one_that_was_cut_short_is_ended_by_the_next(monkeypatch):
    def cut(*_: object, **__: object) -> None:
        raise OSError("cut")

    with monkeypatch.context() as patch:
        patch.setattr("digest.pipeline.restoring.publish", cut)
        with pytest.raises(CommandError, match="cut"):
            put_back("2026-03-03 07:10")
    assert len(put_back("2026-03-03 07:20")) == 2
    assert states() == ["accepted"] * 2 + ["unknown"] * 2


def test_another_backup_that_is_put_back_is_doubted_anew():
    publish("2026-03-03 07:00:20")
    put_back("2026-03-03 07:10")
    fetch(papers("2603.00003"), "2026-03-04", "2026-03-04 05:00")
    publish("2026-03-04 07:01")
    assert len(put_back("2026-03-04 08:00", "2026-03-04T07:30Z")) == 2


def test_one_who_confirmed_just_before_the_backup_and_left_since_leaves_again(settings):
    reader("late@example.org", now="2026-03-03 07:00:20")
    person = Subscriber.objects.get(address="late@example.org")
    journal.write(settings.JOURNAL, "left", person.key, at("2026-03-03 08:00"))
    assert run("restored", "--taken", TAKEN, now="2026-03-03 09:00")["reapplied"] == ["late@example.org"]


def test_one_who_came_back_after_the_restore_stays_when_it_is_said_again(settings):
    person = Subscriber.objects.get(address="r0@example.org")
    journal.write(settings.JOURNAL, "left", person.key, at("2026-03-03 08:00"))
    assert run("restored", "--taken", TAKEN, now="2026-03-03 09:00")["reapplied"] == ["r0@example.org"]
    joining.ask(person.email, person.address, [], at("2026-03-03 10:00"), site_host="papers.example.org", schedule={},
                asked_from={})  # fmt: skip
    membership.confirm(person.pk, at("2026-03-03 10:01"), confirmed_from={}, consent="a story")
    assert run("restored", "--taken", TAKEN, now="2026-03-03 11:00")["reapplied"] == []


def test_a_time_that_is_ahead_is_refused():
    publish("2026-03-03 07:00:20")
    with pytest.raises(CommandError, match="is after now") as wrong:
        put_back("2026-03-03 08:00", "2026-03-03T09:00Z")
    assert wrong.value.returncode == 2
    assert states() == ["accepted"] * 2 + ["waiting"] * 2
