"""Operators' hands on sending while it goes on: how fast, and what not. See test_rates.py too, with processes."""

from itertools import count

import pytest
from django.core.management import CommandError

from digest.pipeline import holding, sending
from subscribers.models import Batch, Event, Letter, Rate
from subscribers.outbox import holds, rates, retries
from tests.house import at, fetch, letters, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R, OTHER = "r@example.org", "other@example.org"
MORNING, LATER, NEXT = "2026-03-02 07:01", "2026-03-02 07:05", "2026-03-03 07:01"


@pytest.fixture
def waiting() -> None:
    """Two readers whose digests of 2 March wait."""
    for address in (R, OTHER):
        reader(address, now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:30")
    publish(MORNING)
    assert len(letters(state="waiting")) == 2


@pytest.mark.usefixtures("waiting")
def test_a_paused_edition_waits_until_it_is_resumed():
    run("sending", "pause", "--edition", "2026-03-02", now=MORNING)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 0
    assert run("sending")["paused"] == ["2026-03-02"]
    run("sending", "resume", "--edition", "2026-03-02", now=LATER)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 2


@pytest.mark.usefixtures("waiting")
def test_what_is_added_to_a_paused_edition_waits_too():
    run("sending", "pause", "--edition", "2026-03-02", now=MORNING)
    reader("late@example.org", now=MORNING)
    publish(LATER)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 0
    assert {one["to"] for one in letters(state="waiting")} == {R, OTHER, "late@example.org"}


@pytest.mark.usefixtures("waiting")
def test_people_are_written_to_while_an_edition_is_paused_and_not_while_everything_is(outbox):
    run("sending", "pause", "--edition", "2026-03-02", now=MORNING)
    run("reader", "add", "new@example.org", now=MORNING)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 1
    run("sending", "pause", now=LATER)
    run("reader", "add", "newer@example.org", now=LATER)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 0
    run("sending", "resume", now=LATER)
    assert run("deliver", "--until-empty", now=LATER)["accepted"] == 1


@pytest.mark.usefixtures("waiting")
def test_cancelled_letters_are_carried_by_the_next_digest():
    done = run("sending", "cancel", "--edition", "2026-03-02", now=MORNING)
    assert done["cancelled"] == 2
    assert {one["reason"] for one in letters(state="cancelled")} == {"operator"}
    assert run("sending", "cancel", "--edition", "2026-03-02", now=MORNING)["cancelled"] == 0
    serve(NEXT)
    assert told(R) == ["2603.00001"]


@pytest.mark.usefixtures("waiting")
def test_a_letter_that_has_left_is_not_taken_back():
    run("deliver", "--until-empty", now=LATER)
    assert run("sending", "cancel", "--edition", "2026-03-02", now=LATER)["cancelled"] == 0
    assert {one["state"] for one in letters()} == {"accepted"}


@pytest.mark.usefixtures("waiting")
def test_nobody_is_called_for_what_is_paused():
    assert sending.deliver_in(at(LATER), 2) == 0
    holding.hold(at(LATER).date(), "a test", at(LATER))
    assert sending.deliver_in(at(LATER), 2) is None
    holding.let_go(at(LATER).date(), "a test", at(LATER))
    holds.hold(holds.EVERYTHING, "a test", at(LATER))
    assert sending.deliver_in(at(LATER), 2) is None


@pytest.mark.usefixtures("waiting")
def test_a_deferred_letter_of_a_paused_edition_stays_paused():
    holding.hold(at(LATER).date(), "a test", at(LATER))
    letter = Letter.objects.filter(kind="digest").first()
    assert letter is not None
    Letter.objects.filter(pk=letter.pk).update(state="deferred", retry_at=at(MORNING))
    retries.note_retry(letter.batch_id, at(MORNING))
    assert retries.gather(at(LATER)) == 1
    assert set(Batch.objects.filter(done_at=None).values_list("label", flat=True)) == {"2026-03-02"}


@pytest.mark.usefixtures("waiting")
def test_a_batch_in_hand_goes_back_when_it_is_paused(settings, monkeypatch):
    monkeypatch.setattr("subscribers.outbox.hand.HOLDS_EVERY", 0.0)
    rates.limit(rates.ALL, 0.001, "a test", at(MORNING))
    looks = count()

    def stop() -> bool:
        if next(looks) == 3:
            holding.hold(at(LATER).date(), "a test", at(LATER))
        return False

    done = sending.send(lambda: at(LATER), until_empty=True, stop=stop)
    assert done.counts["accepted"] <= 1
    assert Batch.objects.filter(done_at=None).get().lease is None


def test_every_act_is_noted_with_who_did_it():
    run("sending", "rate", "10", now=MORNING)
    run("sending", "pause", now=MORNING)
    run("sending", "pause", now=MORNING)  # once more changes nothing
    run("sending", "resume", now=MORNING)
    noted = Event.objects.filter(kind="sending").order_by("pk").values_list("data", flat=True)
    assert [(one["did"], one["of"]) for one in noted] == [
        ("rate", "all"), ("hold", "everything"), ("let go", "everything"),
    ]  # fmt: skip
    assert all(one["by"].endswith("by command") for one in noted)


@pytest.mark.usefixtures("waiting")
def test_the_ledger_says_how_long_what_waits_will_take():
    assert run("ledger")["seconds"] is None
    run("sending", "rate", "0.5", now=MORNING)
    assert run("ledger")["seconds"] == 4
    assert run("sending", "rate", "0.1", "--channel", "folder", now=MORNING)["seconds"] == 20
    assert run("sending", "rate", "none", "--channel", "folder", now=MORNING)["rates"] == {"all": 0.5}


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "inf", "many", "1e9", ""])
def test_a_rate_that_is_none_is_refused(wrong: str):
    with pytest.raises(CommandError, match="none"):
        run("sending", "rate", wrong, now=MORNING)
    assert not Rate.objects.exists()


def test_a_rate_that_is_too_slow_is_told_the_least_that_can_be_set():
    with pytest.raises(CommandError, match=r"0\.001 at least"):
        run("sending", "rate", "0.0002777", now=MORNING)
    assert run("sending", "rate", "0.001", now=MORNING)["rates"] == {"all": 0.001}


def test_a_bucket_gives_what_the_rate_allows_and_no_more():
    rates.limit(rates.ALL, 2_000, "a test", at(MORNING))
    given = [rates.take([rates.ALL, "smtp"], 1_000) for _ in range(3)]
    assert [one and one[0] for one in given] == [200, 200, 0]
    assert [one and one[1] for one in given] == pytest.approx([0, 0.1, 0.2], abs=0.09)
    assert rates.take(["smtp"], 1_000) is None


def test_the_slower_of_two_buckets_decides_and_both_are_charged():
    rates.limit(rates.ALL, 1_000, "a test", at(MORNING))
    rates.limit("smtp", 4, "a test", at(MORNING))
    assert rates.take([rates.ALL, "smtp"], 1_000) == (1, pytest.approx(0, abs=0.05))
    rates.limit("smtp", None, "a test", at(MORNING))
    given = rates.take([rates.ALL, "smtp"], 1_000)
    assert given is not None
    assert given[0] == 100


def test_people_do_not_wait_for_a_bucket_and_others_wait_for_them():
    rates.limit(rates.ALL, 1, "a test", at(MORNING))
    for _ in range(5):
        assert (rates.take([rates.ALL], 1, now_or_never=True) or (0, 0))[0] == 1
    left, wait = rates.take([rates.ALL], 1) or (None, None)
    assert (left, wait) == (0, pytest.approx(5, abs=1))


def test_letters_of_two_dates_are_two_batches_and_pausing_one_edition_leaves_the_other():
    for address, zone in ((R, "UTC"), (OTHER, "Pacific/Auckland")):  # 20:00 on the 2nd is 09:00 on the 3rd there
        reader(address, now="2026-03-02 05:00", zone=zone, time="20:00" if zone == "UTC" else "09:00")
    serve("2026-03-02 05:01")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 15:30")
    publish("2026-03-02 20:01")
    assert sorted(Batch.objects.filter(done_at=None).values_list("label", flat=True)) == ["2026-03-02", "2026-03-03"]
    run("sending", "pause", "--edition", "2026-03-03", now="2026-03-02 20:02")
    assert run("deliver", "--until-empty", now="2026-03-02 20:03")["accepted"] == 1
    assert [one["to"] for one in letters(state="waiting")] == [OTHER]


def test_a_user_of_the_machine_without_a_name_is_noted_by_number(monkeypatch):
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("digest.management.commands.sending.getpass.getuser", nameless)
    monkeypatch.setattr("digest.management.commands.sending.os.getuid", lambda: 12345)
    run("sending", "pause", now=MORNING)
    assert Event.objects.get(kind="sending").data["by"] == "user 12345 by command"
