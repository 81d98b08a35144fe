"""What an operator sees of mail that came back, and lifting: a right of its own, asked once more, written down."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from subscribers import suppression
from subscribers.models import Event, Subscriber, Suppression
from subscribers.outbox import feedback
from subscribers.outbox.feedback import Word
from tests.house import reader

pytestmark = pytest.mark.django_db
R = "r@example.org"
NOW = datetime.now(UTC)  # the cockpit reads the clock
DAY = timedelta(days=1)
LIST = "admin:subscribers_suppression_changelist"


@pytest.fixture
def person(settings) -> Subscriber:
    """One whose mail came back on six days."""
    reader(R, now=NOW - 30 * DAY)
    found = Subscriber.objects.get()
    for n in range(6):
        at = NOW - (6 - n) * DAY
        said = "550 5.1.1 <script>alert(1)</script>"
        word = Word("postmark", str(n), "bounced", at, hard=True, status="5.1.1", said=said)
        feedback.take(found.pk, word, at, settings.JOURNAL)
    return found


def logged_in(client: Client, *rights: str) -> Client:
    user = User.objects.create_user("op", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


def lift(client: Client, *rows: Suppression, sure: bool = True) -> str:
    data = {"action": "lift", "_selected_action": [row.pk for row in rows], **({"sure": "yes"} if sure else {})}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_a_reader_s_page_shows_score_suppression_and_timeline_escaped(client, person):
    operator = logged_in(client, "view_subscriber", "view_suppression", "view_event")
    page = operator.get(reverse("admin:subscribers_subscriber_change", args=[person.pk])).content.decode()
    assert "Score 6 of 5" in page
    assert f"must not be mailed: bounces since {NOW - DAY:%Y-%m-%d}" in page
    assert "550 5.1.1 &lt;script&gt;" in page
    assert "<script>alert" not in page


def test_who_may_change_them_lifts_them_asked_once_more_and_logged(client, person):
    operator = logged_in(client, "view_suppression", "change_suppression")
    row = Suppression.objects.get()
    assert "Lift these?" in lift(operator, row, sure=False)
    assert suppression.suppressed(R, NOW)
    assert "Done for 1 suppression" in lift(operator, row)
    person.refresh_from_db()
    assert (person.state, suppression.suppressed(R, datetime.now(UTC))) == ("active", False)
    entry = LogEntry.objects.get()
    assert (entry.change_message, R in entry.object_repr) == ("Lifted.", False)
    assert Event.objects.get(kind="lifted").data["by"] == f"operator {User.objects.get().pk}"
    assert "it holds no more" in lift(operator, row)
    assert LogEntry.objects.count() == 1


def test_without_the_right_nothing_is_lifted(client, person):
    lift(logged_in(client, "view_suppression"), Suppression.objects.get())
    assert suppression.suppressed(R, NOW)
    assert not LogEntry.objects.exists()


def test_rows_are_found_by_whole_address_also_of_those_who_were_erased(client, person):
    operator = logged_in(client, "view_suppression")
    Subscriber.objects.update(state="forgotten", address=None, email="", due=None)

    def found(term: str) -> int:
        return operator.get(reverse(LIST), {"q": term}).context["cl"].result_count

    assert (found(" R@EXAMPLE.org "), found("other@example.org"), found("nonsense"), found("")) == (1, 0, 0, 1)


def test_events_can_be_narrowed_to_what_came_back(client, person):
    operator = logged_in(client, "view_event")
    url = reverse("admin:subscribers_event_changelist")
    assert operator.get(url, {"kind": "bounced"}).context["cl"].result_count == 6
    assert operator.get(url, {"kind": "suppressed"}).context["cl"].result_count == 1
