"""Reports about letters: who may be blamed, what follows, and that nothing counts twice."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from subscribers import housekeeping, membership, pausing, suppression
from subscribers.links import sign
from subscribers.models import Event, Letter, Subscriber, Suppression
from subscribers.outbox import feedback, verp
from subscribers.outbox.feedback import Word
from tests.house import at, fetch, papers, reader, run, serve, told
from tests.returned import BASE, arf, dsn, hard, mail

pytestmark = pytest.mark.django_db
R = "r@example.org"
JOINED = at("2026-03-01 06:00")
FIRST = at("2026-03-02 07:00")  # the slot of the first digest that comes back
DAY = timedelta(days=1)
SOFT = ("failed", "4.2.2", "452 4.2.2 full")


@pytest.fixture(autouse=True)
def _named(settings):
    settings.BOUNCE_ADDRESS = BASE


@pytest.fixture
def person() -> Subscriber:
    reader(R, now=JOINED)
    return Subscriber.objects.get()


def token(person: Subscriber, slot: datetime = FIRST, purpose: str = verp.PURPOSE, secret: str = "") -> str:
    key = (secret or settings.LINK_KEY).encode()
    return sign(key, purpose, f"{person.key}:{slot.astimezone(UTC).strftime('%Y%m%dT%H%M%S')}")


def returned(data: bytes, now: datetime, settings) -> tuple[str, str]:
    return feedback.returned(data, now, settings.JOURNAL)


def bounce(person: Subscriber, days: int, settings, make=hard, first: int = 0) -> list[str]:
    """So many days on which the day's letter comes back; what came of each."""
    results = []
    for n in range(first, first + days):
        slot = FIRST + n * DAY
        results.append(returned(make(token(person, slot), n), slot + timedelta(minutes=5), settings)[1])
    return results


def soft(token: str, n: int) -> bytes:
    return dsn(SOFT, token=token, n=n)


def test_six_days_of_hard_bounces_disable_an_address_and_five_do_not(person, settings):
    assert bounce(person, 6, settings) == ["recorded"] * 5 + ["suppressed"]
    person.refresh_from_db()
    held = suppression.in_force(R, FIRST + 6 * DAY)
    assert (person.state, person.paused_until) == ("paused", held.until)
    assert (held.reason, held.subscriber_id, held.until - held.since) == ("bounces", person.pk, feedback.DISABLED_FOR)
    kinds = list(person.events.order_by("id").values_list("kind", flat=True))
    assert kinds == ["confirmed", *["bounced"] * 6, "suppressed", "paused"]
    assert bounce(person, 1, settings, first=6) == ["recorded"]


def test_soft_bounces_take_eleven_days(person, settings):
    assert bounce(person, 11, settings, soft) == ["recorded"] * 10 + ["suppressed"]


def test_a_thousand_bounces_of_one_day_are_one(person, settings):
    for n in range(30):
        returned(hard(token(person), n), FIRST + timedelta(minutes=n), settings)
    assert feedback.score(person, FIRST + timedelta(hours=1)) == 1.0
    assert not Suppression.objects.exists()


def test_a_delay_a_delivery_or_an_automatic_answer_never_counts(person, settings):
    for n in range(20):
        slot = FIRST + n * DAY
        named = token(person, slot)
        assert returned(dsn(("delayed", "5.1.1", ""), token=named), slot, settings) == ("delayed", "recorded")
        assert returned(dsn(("delivered", "2.0.0", ""), token=named), slot, settings) == ("arrived", "nothing")
        away = mail("From: r@example.org", f"To: {verp.address(BASE, named)}", "Auto-Submitted: auto-replied")
        assert returned(away, slot, settings) == ("automatic", "nothing")
    assert feedback.score(person, FIRST + 20 * DAY) == 0
    assert set(person.events.values_list("kind", flat=True)) == {"confirmed", "delayed"}


def test_the_same_mail_again_changes_nothing(person, settings):
    data = hard(token(person))
    assert [returned(data, FIRST + n * DAY, settings)[1] for n in range(8)] == ["recorded"] + ["repeated"] * 7
    assert person.events.filter(kind="bounced").count() == 1


def test_a_forged_report_blames_nobody_and_leaves_nothing(person, settings):
    other = Subscriber.objects.create(email="o@example.org", address="o@example.org")
    moment = FIRST.strftime("%Y%m%dT%H%M%S")
    tampered = token(person)[:-1] + ("A" if token(person)[-1] != "A" else "B")
    forged = [
        hard(),
        hard("A" * 52),
        hard(tampered),
        hard(token(person, secret="x" * 50)),
        hard(token(person, purpose="read")),
        hard(sign(settings.LINK_KEY.encode(), "read", f"{person.key}:{moment}")),
        arf("abuse"),
        arf("abuse", tampered),
        mail("To: r@example.org", body=f"550 5.1.1 unknown\nMessage-ID: <digest.{person.key}.{moment}@x>"),
        hard(token(person)) + f"\r\nX: {verp.address(BASE, token(other))}\r\n".encode(),  # two people: neither
    ]  # fmt: skip
    before = Event.objects.count()
    for n in range(10):
        for data in forged:
            assert returned(data, FIRST + n * DAY, settings)[1] in ("unknown", "nothing")
    assert Event.objects.count() == before
    assert not Suppression.objects.exists()
    person.refresh_from_db()
    assert person.state == "active"


def test_a_report_about_mail_from_before_they_confirmed_or_from_long_ago_is_stale(person, settings):
    assert returned(hard(token(person, JOINED - DAY)), FIRST, settings) == ("hard", "stale")
    assert returned(hard(token(person, FIRST)), FIRST + 31 * DAY, settings) == ("hard", "stale")
    assert returned(arf("abuse", token(person, JOINED - DAY)), FIRST, settings) == ("complaint", "stale")
    assert returned(hard(token(person, JOINED)), FIRST, settings) == ("hard", "recorded")


def test_in_any_order_the_same_bounces_give_the_same_score(person, settings):
    for n in (3, 0, 4, 1, 2):
        slot = FIRST + n * DAY
        returned(hard(token(person, slot), n), slot, settings)
        assert feedback.score(person, FIRST + 4 * DAY) <= 5
    assert feedback.score(person, FIRST + 4 * DAY) == 5


def test_a_complaint_ends_it_at_once_silently_and_in_the_journal(person, settings):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:00")
    run("publish", now=FIRST)
    assert returned(arf("abuse", token(person)), FIRST + DAY, settings) == ("complaint", "suppressed")
    person.refresh_from_db()
    assert (person.state, person.due) == ("left", None)
    assert set(person.letters.values_list("kind", "state", "reason")) == {("digest", "cancelled", "left")}
    held = suppression.in_force(R, FIRST + 1000 * DAY)
    assert (held.reason, held.until) == ("complaint", None)
    lines = [json.loads(line) for line in settings.JOURNAL.read_text().splitlines()]
    assert [(line["what"], line["key"]) for line in lines] == [("complained", person.key), ("left", person.key)]
    with pytest.raises(membership.NotPossible):
        membership.sign_up(R, R, [], FIRST + 2 * DAY, site_host="example.org")


def test_a_complaint_about_old_mail_is_one_and_bounces_never_shorten_it(person, settings):
    assert returned(arf("abuse", token(person)), FIRST + 80 * DAY, settings)[1] == "suppressed"
    person.refresh_from_db()
    until = suppression.suppress(person, "bounces", FIRST + 80 * DAY, FIRST + 90 * DAY).until
    assert until is None


def test_who_complains_after_they_left_is_not_added_again(person, settings):
    membership.leave(person.pk, FIRST, how="page", journal_file=settings.JOURNAL)
    assert returned(arf("abuse", token(person)), FIRST + DAY, settings)[1] == "suppressed"
    assert suppression.suppressed(R, FIRST + DAY)


def test_of_one_who_was_erased_no_word_is_kept(person, settings):
    membership.forget(person.pk, FIRST, journal_file=settings.JOURNAL)
    assert returned(hard(token(person)), FIRST + DAY, settings)[1] == "recorded"
    assert returned(arf("abuse", token(person)), FIRST + DAY, settings)[1] == "suppressed"
    assert all(event.data == {} for event in Event.objects.filter(kind__in=["bounced", "complained"]))
    assert not Suppression.objects.exists()


def test_erasing_keeps_the_suppression_and_not_whose_it_is(person, settings):
    returned(arf("abuse", token(person)), FIRST, settings)
    membership.forget(person.pk, FIRST + DAY, journal_file=settings.JOURNAL)
    assert Suppression.objects.get().subscriber is None
    assert suppression.suppressed(R, FIRST + 2 * DAY)
    assert feedback.lift(Suppression.objects.get().pk, FIRST + 2 * DAY, by="operator 1")


def test_lifting_lets_a_reader_go_on_and_counts_from_then(person, settings):
    bounce(person, 6, settings)
    now = FIRST + 6 * DAY
    row = Suppression.objects.get()
    assert feedback.lift(row.pk, now, by="operator 1")
    assert not feedback.lift(row.pk, now, by="operator 1")
    person.refresh_from_db()
    assert (person.state, person.due) == ("active", at("2026-03-09 07:00"))
    assert feedback.score(person, now) == 0
    assert bounce(person, 5, settings, first=7) == ["recorded"] * 5
    last = person.events.filter(kind="lifted").get()
    assert last.data == {"reason": "bounces", "by": "operator 1"}


def test_who_resumes_by_their_own_link_lifts_it_and_a_pause_of_their_own_outlives_a_lift(person, settings):
    bounce(person, 6, settings)
    now = FIRST + 6 * DAY
    assert pausing.resume(person.pk, now).state == "active"
    assert not suppression.suppressed(R, now)
    pausing.pause(person.pk, now)
    bounce(person, 6, settings, first=7)
    row = suppression.in_force(R, FIRST + 13 * DAY)
    assert feedback.lift(row.pk, FIRST + 13 * DAY, by="operator 1")
    person.refresh_from_db()
    assert person.state == "paused"


def test_after_ninety_days_mail_is_tried_again(person, settings):
    bounce(person, 6, settings)
    until = Suppression.objects.get().until
    pausing.end_pauses(until - timedelta(seconds=1))
    person.refresh_from_db()
    assert person.state == "paused"
    pausing.end_pauses(until)
    person.refresh_from_db()
    assert (person.state, suppression.suppressed(R, until), feedback.score(person, until)) == ("active", False, 0)


def test_a_lifted_complaint_leaves_the_choice_to_the_person(person, settings):
    returned(arf("abuse", token(person)), FIRST, settings)
    assert feedback.lift(Suppression.objects.get().pk, FIRST + DAY, by="operator 1")
    person.refresh_from_db()
    assert person.state == "left"
    membership.sign_up(R, R, [], FIRST + DAY, site_host="example.org")
    assert membership.confirm(person.pk, FIRST + DAY, confirmed_from={}, consent="1").state == "active"


def refused(person: Subscriber, days: int, reply: str) -> None:
    for n in range(days):
        Event.objects.create(kind="refused", at=FIRST + n * DAY, subscriber=person, data={"reply": reply})


@pytest.mark.parametrize(
    ("reply", "disabled"),
    [("550 5.1.1 no user", True), ("553 who?", True), ("550 5.7.1 blocked", False), ("554 no", False), ("", False)],
)
def test_what_servers_refuse_outright_counts_as_well_when_it_is_about_the_mailbox(person, settings, reply, disabled):
    refused(person, 5, reply)
    assert housekeeping.keep_house(FIRST + 5 * DAY - timedelta(hours=3), settings.JOURNAL) == 0
    refused(person, 6, reply)
    assert feedback.judge_refusals(FIRST + 5 * DAY + timedelta(hours=3)) == disabled
    assert feedback.judge_refusals(FIRST + 5 * DAY + timedelta(hours=4)) == 0
    person.refresh_from_db()
    assert person.state == ("paused" if disabled else "active")


def test_a_refusal_and_a_bounce_of_one_day_are_one(person, settings):
    refused(person, 3, "550 5.1.1 no such user")
    bounce(person, 3, settings)
    assert feedback.score(person, FIRST + 3 * DAY) == 3


def test_digests_that_came_back_at_once_are_carried_after_a_lift(person, settings, outbox):
    fetch(papers("2603.00001"), "2026-03-01", "2026-03-01 07:00")
    serve("2026-03-01 07:30")
    fetch(papers("2603.00002"), "2026-03-02", "2026-03-02 06:00")
    run("publish", now="2026-03-02 07:00")
    bounce(person, 6, settings)
    feedback.lift(Suppression.objects.get().pk, FIRST + 6 * DAY, by="operator 1")
    fetch(papers("2603.00009"), "2026-03-08", "2026-03-08 20:00")
    serve("2026-03-09 07:00")
    assert sorted(told(R)) == ["2603.00001", "2603.00002", "2603.00009"]


def test_a_complaint_since_the_backup_is_applied_again_once(person, settings):
    returned(arf("abuse", token(person)), FIRST, settings)
    Suppression.objects.all().delete()
    Event.objects.filter(kind__in=["complained", "suppressed", "left"]).delete()
    Subscriber.objects.update(state="active", due=FIRST, left_at=None)
    again = [run("restored", "--taken", "2026-03-01 12:00", now=FIRST + n * DAY)["reapplied"] for n in (1, 2)]
    assert again == [[R], []]
    person.refresh_from_db()
    assert (person.state, suppression.suppressed(R, FIRST + 2 * DAY)) == ("left", True)
    feedback.lift(Suppression.objects.get().pk, FIRST + 3 * DAY, by="operator 1")
    assert run("restored", "--taken", "2026-03-01 12:00", now=FIRST + 4 * DAY)["reapplied"] == []
    assert not suppression.suppressed(R, FIRST + 4 * DAY)


def test_a_complaint_is_in_the_journal_before_it_is_committed(person, settings, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("subscribers.outbox.journal.write", full)
    with pytest.raises(OSError, match="no space"):
        returned(arf("abuse", token(person)), FIRST, settings)
    person.refresh_from_db()
    assert (person.state, Suppression.objects.exists(), person.events.filter(kind="complained").exists()) == (
        "active", False, False,
    )  # fmt: skip


def test_an_unsubscription_at_the_provider_is_a_leave(person, settings):
    word = Word("postmark", "1", "unsubscribed", FIRST)
    assert feedback.take(person.pk, word, FIRST, settings.JOURNAL) == "left"
    person.refresh_from_db()
    assert person.state == "left"
    assert not suppression.suppressed(R, FIRST)


def test_a_replayed_unsubscription_does_not_take_back_a_return(person, settings):
    word = Word("postmark", "1", "unsubscribed", FIRST)
    feedback.take(person.pk, word, FIRST, settings.JOURNAL)
    membership.sign_up(R, R, [], FIRST + DAY, site_host="example.org")
    membership.confirm(person.pk, FIRST + DAY, confirmed_from={}, consent="1")
    assert feedback.take(person.pk, word, FIRST + 2 * DAY, settings.JOURNAL) == "repeated"
    assert feedback.take(person.pk, replace(word, number="2"), FIRST + 2 * DAY, settings.JOURNAL) == "stale"
    person.refresh_from_db()
    assert person.state == "active"


def test_a_bounce_is_linked_to_its_letter(person, settings):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 06:00")
    serve(FIRST)
    letter = Letter.objects.get(kind="digest")
    returned(hard(token(person, letter.slot)), FIRST + timedelta(minutes=1), settings)
    event = Event.objects.get(kind="bounced")
    assert (event.letter_id, event.provider, event.data["status"], event.data["weight"]) == (
        letter.pk, "mailbox", "5.1.1", "hard",
    )  # fmt: skip
