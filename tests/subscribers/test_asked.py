"""Forms at an address that we know: what they hold waits with the request. Coming back the same day."""

from datetime import datetime, timedelta

import pytest

from subscribers import joining
from subscribers.exporting import export
from subscribers.joining import Standing
from subscribers.models import Event, Letter, Subscriber
from subscribers.query.errors import QueryError
from subscribers.topics import MOST, TopicWish
from tests.house import at, reader, run

pytestmark = pytest.mark.django_db
R = "reader@example.org"
NOW = at("2026-03-04 12:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
USUAL = {"zone": "UTC", "times": "07:30", "days": "daily"}
TOKYO = {"zone": "Asia/Tokyo", "times": "06:00", "days": "weekdays"}


def ask(now: datetime, *topics: tuple[str, str], schedule: dict[str, str] = USUAL) -> None:
    wishes = [TopicWish(name, text) for name, text in topics]
    joining.ask(R, R, wishes, now, site_host="x.example", schedule=schedule, asked_from={"ip": "192.0.2.1"})


def confirm(now: datetime, asked: datetime | None = None) -> Standing:
    person = Subscriber.objects.get()
    moment = asked or person.asked_at or now
    return joining.confirm(person.pk, moment, now, site_host="x.example", confirmed_from={}, consent="1")


def again(now: datetime, ended: datetime | None = None) -> None:
    person = Subscriber.objects.get()
    joining.ask_again(person.pk, now, site_host="x.example", asked_from={}, ended=ended)


def leave(now: datetime) -> None:
    run("reader", "leave", R, now=now)


def topics() -> list[tuple[str, str]]:
    return list(Subscriber.objects.get().topics.order_by("id").values_list("name", "text"))


def confirmations() -> int:
    return Letter.objects.filter(kind="confirm").count()


def test_a_stranger_s_form_changes_nothing_of_one_who_left_until_it_is_confirmed():
    reader(R, "Moss=moss", now="2026-03-01 06:00")
    leave(NOW - DAY)
    ask(NOW, ("Spam", "spam"), ("Moss", "fern"), schedule=TOKYO)
    person = Subscriber.objects.get()
    assert (topics(), person.zone, person.state) == ([("Moss", "moss")], "UTC", "left")
    leave(NOW + HOUR)
    again(NOW + 2 * DAY)
    assert confirm(NOW + 2 * DAY) is Standing.OPEN
    assert (topics(), Subscriber.objects.get().zone) == ([("Moss", "moss")], "UTC")


def test_one_who_comes_back_by_the_form_gets_what_it_held_beside_their_own():
    reader(R, "Moss=moss", "Fern=fern", now="2026-03-01 06:00")
    leave(NOW - DAY)
    ask(NOW, ("Kelp", "kelp"), ("Moss", "moss OR peat"), schedule=TOKYO)
    assert confirm(NOW + HOUR) is Standing.OPEN
    person = Subscriber.objects.get()
    assert topics() == [("Moss", "moss OR peat"), ("Fern", "fern"), ("Kelp", "kelp")]
    assert (person.zone, person.times, person.days) == ("Asia/Tokyo", "06:00", "weekdays")
    assert person.asked_from == {"ip": "192.0.2.1"}
    assert Letter.objects.get(kind="welcome").content["schedule"].endswith("06:00, Asia/Tokyo")


def test_of_two_requests_never_confirmed_before_the_one_that_is_confirmed_counts_alone():
    ask(NOW, ("Spam", "spam"))
    ask(NOW + 2 * DAY, ("Moss", "moss"), schedule=TOKYO)
    assert topics() == [("Spam", "spam")]
    assert confirm(NOW + 2 * DAY, asked=NOW) is Standing.EXPIRED
    assert confirm(NOW + 2 * DAY) is Standing.OPEN
    assert (topics(), Subscriber.objects.get().zone) == ([("Moss", "moss")], "Asia/Tokyo")


def test_a_link_that_ended_hands_what_waited_on_to_the_new_one_and_an_older_link_does_not():
    ask(NOW, ("First", "first"))
    ask(NOW + 2 * DAY, ("Second", "second"))
    again(NOW + 6 * DAY, ended=NOW + 2 * DAY)
    assert confirm(NOW + 6 * DAY) is Standing.OPEN
    assert topics() == [("Second", "second")]


def test_an_older_link_brings_nothing_of_a_newer_form():
    ask(NOW, ("First", "first"))
    ask(NOW + 2 * DAY, ("Second", "second"))
    again(NOW + 4 * DAY, ended=NOW)
    assert confirm(NOW + 4 * DAY) is Standing.OPEN
    assert topics() == [("First", "first")]


def test_coming_back_by_a_form_ends_at_as_many_topics_as_anybody_has():
    reader(R, *(f"T{n}=moss" for n in range(MOST)), now="2026-03-01 06:00")
    leave(NOW - DAY)
    ask(NOW, ("Kelp", "kelp"), ("T3", "fern"))
    confirm(NOW)
    assert len(topics()) == MOST
    assert topics()[3] == ("T3", "fern")


def test_a_filter_that_can_t_be_read_never_waits():
    reader(R, now="2026-03-01 06:00")
    leave(NOW - DAY)
    with pytest.raises(QueryError):
        ask(NOW, ("Broken", "(moss"))


def test_an_operator_s_confirmation_takes_the_newest_form_too():
    reader(R, "Moss=moss", now="2026-03-01 06:00")
    leave(NOW - DAY)
    ask(NOW, ("Kelp", "kelp"))
    run("reader", "confirm", R, "--reason", "said so", now=NOW)
    assert topics() == [("Moss", "moss"), ("Kelp", "kelp")]


def test_what_waits_is_exported_and_erased():
    ask(NOW)
    ask(NOW + 2 * DAY, ("Kelp", "kelp"))
    assert "kelp" in str(export(Subscriber.objects.get()))
    run("reader", "forget", R, now=NOW + 2 * DAY)
    assert Subscriber.objects.get().asked_from == {}


def test_who_asked_for_the_first_time_is_written_down_as_new():
    ask(NOW)
    ask(NOW + 2 * DAY)
    assert [event.data["new"] for event in Event.objects.filter(kind="asked").order_by("id")] == [True, False]


def test_one_who_joined_and_left_today_can_come_back_today_with_their_topics():
    ask(NOW, ("Moss", "moss"))
    confirm(NOW + HOUR)
    leave(NOW + 2 * HOUR)
    again(NOW + 3 * HOUR)
    assert confirmations() == 2
    assert confirm(NOW + 4 * HOUR) is Standing.OPEN
    assert topics() == [("Moss", "moss")]


def test_without_the_mailbox_coming_back_sends_one_mail_a_day_and_three_a_week():
    ask(NOW)
    confirm(NOW)
    leave(NOW + HOUR)
    sent = []
    for hour in range(2, 24 * 6, 6):
        again(NOW + hour * HOUR)
        ask(NOW + hour * HOUR)
        leave(NOW + hour * HOUR)
        sent.append(confirmations() - 1)
    assert (sent[3], sent[4], sent[-1]) == (1, 2, 3)


def test_a_form_counts_the_confirmation_that_was_used_too():
    ask(NOW)
    confirm(NOW)
    leave(NOW + HOUR)
    ask(NOW + 2 * HOUR)
    assert confirmations() == 1


def test_one_who_is_erased_while_somebody_asks_is_answered_all_the_same(monkeypatch):
    reader(R, now="2026-03-01 06:00")
    manager = type(Subscriber.objects)
    found = manager.get_or_create

    def erased_meanwhile(self, *arguments, **named):
        row = found(self, *arguments, **named)
        if self.model is Subscriber:
            run("reader", "forget", R, now=NOW)
        return row

    monkeypatch.setattr(manager, "get_or_create", erased_meanwhile)
    ask(NOW)
    assert not Letter.objects.exists()
    assert Subscriber.objects.get().state == "forgotten"
