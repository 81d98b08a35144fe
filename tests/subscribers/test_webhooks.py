"""The door for e-mail providers: repeated, out of order, forged, stale, unknown, huge, malformed, a burst."""

import base64
import hashlib
import hmac
import json
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from subscribers import suppression
from subscribers.models import Event, Subscriber, Suppression
from subscribers.outbox import feedback, providers
from subscribers.webhooks import VIEWS
from tests.house import reader

R = "r@example.org"
NOW = datetime.now(UTC).replace(microsecond=0)  # the door reads the clock: what is stale is stale from now
DAY = timedelta(days=1)
SECRET = "postmark:a secret of twenty and more"
KEY = "a signing key of mailgun's"
AUTH = "Basic " + base64.b64encode(SECRET.encode()).decode()


@pytest.fixture(autouse=True)
def _open(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.WEBHOOKS = ("postmark", "mailjet")


@pytest.fixture
def person(db) -> Subscriber:
    reader(R, now=NOW - 100 * DAY)
    return Subscriber.objects.get(address=R)


def bounce(number: int, kind: str = "HardBounce", at: datetime = NOW, to: str = R, **more: object) -> dict[str, object]:
    """Postmark's bounce webhook."""
    said = {"Details": "smtp;550 5.1.1 no such user", "Description": "The server was unable to deliver your message"}
    return {"RecordType": "Bounce", "ID": number, "Type": kind, "Email": to, "BouncedAt": at.isoformat(),
            "MessageID": f"m{number}", "Metadata": {}, **said, **more}  # fmt: skip


def complaint(number: int, at: datetime = NOW) -> dict[str, object]:
    return {
        "RecordType": "SpamComplaint",
        "ID": number,
        "Type": "SpamComplaint",
        "Email": R,
        "BouncedAt": at.isoformat(),
    }


def post(body: object, provider: str = "postmark", auth: str = AUTH, client: Client | None = None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": auth} if auth else {}
    return (client or Client()).post(f"/webhooks/{provider}", data, content_type="application/json", headers=headers)


def test_a_bounce_is_recorded_once_however_often_it_is_told(person):
    for _ in range(3):
        assert post(bounce(1)).status_code == 200
    event = person.events.get(kind="bounced")
    assert (event.provider, event.provider_id, event.data["status"], event.data["weight"]) == (
        "postmark", "1", "5.1.1", "hard",
    )  # fmt: skip


def test_the_same_number_of_another_provider_is_another_event(person):
    post(bounce(1))
    assert post([{"event": "bounce", "MessageID": 1, "email": R, "time": int(NOW.timestamp()), "hard_bounce": True,
                  "error_related_to": "recipient", "error": "user unknown"}], "mailjet").status_code == 200  # fmt: skip
    assert person.events.filter(kind="bounced").count() == 2


def test_a_complaint_suppresses_at_once(person):
    assert post(complaint(1)).status_code == 200
    person.refresh_from_db()
    assert person.state == "left"
    assert suppression.in_force(R, NOW + 1000 * DAY).reason == "complaint"


def test_in_either_order_a_bounce_and_a_complaint_end_the_same(person):
    post(complaint(2))
    assert post(bounce(1, at=NOW - DAY)).status_code == 200
    assert {event.kind for event in person.events.all()} >= {"complained", "bounced"}
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize(
    ("event", "weight"),
    [
        (bounce(1), "hard"),
        (bounce(1, Details="smtp;550 5.7.1 blocked"), "soft"),
        (bounce(1, "SoftBounce", Details="smtp;452 4.2.2 full"), "soft"),
        (bounce(1, Details=""), "soft"),
        (bounce(1, "BadEmailAddress", Details=""), "soft"),
        (bounce(1, "Transient"), None),
        (bounce(1, "AutoResponder"), None),
        (bounce(1, "DMARCPolicy"), None),
        (bounce(1, "ManuallyDeactivated"), None),
        ({**bounce(1), "RecordType": "Delivery"}, None),
        ({**bounce(1), "RecordType": "Open"}, None),
    ],
)
def test_only_a_failure_counts_and_only_a_status_makes_it_hard(person, event, weight):
    assert post(event).status_code == 200
    found = person.events.filter(kind="bounced").first()
    assert (found.data["weight"] if found else None) == weight


def test_what_is_not_signed_is_refused_and_leaves_nothing(person):
    wrong = "Basic " + base64.b64encode(b"postmark:another secret of twenty").decode()
    for auth in ("", wrong, "Basic nonsense", "Basic \u00ff"):
        assert post(complaint(1), auth=auth).status_code == 400
    assert not Event.objects.filter(provider="postmark").exists()


def mailgun(event: dict[str, object], key: str = KEY, token: str = "t1") -> dict[str, object]:
    stamp = str(int(NOW.timestamp()))
    signed = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"signature": {"timestamp": stamp, "token": token, "signature": signed}, "event-data": event}


def test_a_provider_that_signs_is_known_by_its_signature(person, settings):
    settings.ANYMAIL, settings.WEBHOOKS = {"MAILGUN_WEBHOOK_SIGNING_KEY": KEY}, ("mailgun",)
    event = {"event": "failed", "severity": "permanent", "recipient": R, "timestamp": NOW.timestamp(),
             "reason": "bounce", "delivery-status": {"message": "550 5.1.1 no such user"}}  # fmt: skip
    assert post(mailgun(event, key="another key"), "mailgun", "").status_code == 400
    assert not person.events.filter(kind="bounced").exists()
    assert post(mailgun(event), "mailgun", "").status_code == 200
    assert (
        post(mailgun({**event, "event": "complained"}), "mailgun", "").status_code == 200
    )  # its token again: a replay
    assert [e.data["weight"] for e in person.events.filter(kind="bounced")] == ["hard"]
    person.refresh_from_db()
    assert person.state == "active"


@pytest.mark.parametrize("provider", ["mailgun", "amazon_ses", "nobody", "../admin"])
def test_a_provider_that_is_not_open_is_not_found(person, provider):
    assert post(complaint(1), provider).status_code == 404


def test_only_a_post_is_a_report(person):
    assert Client().get("/webhooks/postmark").status_code == 405
    assert Client().head("/webhooks/postmark").status_code == 200
    assert Client().head("/webhooks/mailgun").status_code == 404


def test_what_is_about_nobody_of_ours_is_heard_and_not_kept(person):
    for to in ("who@example.org", "no address", "", "r\x00@example.org", "x" * 100_000):
        assert post(bounce(1, to=to)).status_code == 200
    assert not Event.objects.filter(provider="postmark").exists()


def test_what_is_stale_counts_no_more(person):
    assert post(bounce(1, at=NOW - 31 * DAY)).status_code == 200
    assert post(complaint(2, at=NOW - 101 * DAY)).status_code == 200
    assert not Event.objects.filter(provider="postmark").exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"RecordType": "Bounce", "ID": {}}',
     json.dumps(bounce(1, Metadata=7)).encode(), json.dumps(bounce(1, BouncedAt="yesterday")).encode(),
     json.dumps({**bounce(1), "RecordType": "Inbound"}).encode()],
)  # fmt: skip
def test_what_is_malformed_is_refused_and_never_breaks_the_service(person, body):
    assert post(body).status_code in (200, 400)
    assert not Suppression.objects.exists()


def test_what_is_huge_is_refused_before_it_is_read(person):
    assert post(b" " * 2_700_000 + json.dumps(complaint(1)).encode()).status_code == 413
    assert not Event.objects.filter(provider="postmark").exists()


def test_odd_values_are_kept_as_one_bounded_line(person):
    odd = bounce(1, Details="550 5.1.1 a\x00b\r\nc\u2028" + "d" * 5000, ID="i" * 5000, Description="\ud800")
    assert post(odd).status_code == 200
    event = person.events.get(kind="bounced")
    assert len(event.data["said"]) <= 300
    assert event.data["said"].isprintable()
    assert len(event.provider_id) <= 200
    assert post(odd).status_code == 200
    assert person.events.filter(kind="bounced").count() == 1


def test_a_provider_hears_2xx_only_after_the_commit(person, monkeypatch):
    def lost(*_: object) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(feedback, "_judge", lost)
        client = Client(raise_request_exception=False)
        headers = {"Authorization": AUTH}
        answer = client.post("/webhooks/postmark", bounce(1), content_type="application/json", headers=headers)
        assert answer.status_code == 500
    assert not person.events.filter(kind="bounced").exists()
    assert post(bounce(1)).status_code == 200
    assert person.events.filter(kind="bounced").count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_burst_from_four_sides_is_recorded_each_once():
    """BURST is how many webhooks there are."""
    people, events = 100, int(os.environ.get("BURST", "400")) // 2
    Subscriber.objects.bulk_create(
        Subscriber(
            email=f"r{n}@example.org", address=f"r{n}@example.org", state="active", due=NOW, confirmed_at=NOW - DAY
        )
        for n in range(people)
    )
    answers: list[int] = []

    def side(numbers: range) -> None:
        client = Client()  # one a side: making one takes longer than a webhook
        for n in numbers:
            answers.append(post(bounce(n, to=f"r{n % people}@example.org"), client=client).status_code)
        connection.close()

    # each event is told twice, by two sides that meet in the middle
    half = events // 2
    told = [range(half), range(half, events), range(half - 1, -1, -1), range(events - 1, half - 1, -1)]
    sides = [threading.Thread(target=side, args=(numbers,)) for numbers in told]
    for one in sides:
        one.start()
    for one in sides:
        one.join()
    assert (len(answers), set(answers)) == (2 * events, {200})
    assert Event.objects.filter(kind="bounced").count() == events
    assert not Suppression.objects.exists()
    assert {feedback.score(one, NOW + DAY) for one in Subscriber.objects.all()} <= {1.0, 2.0}  # midnight may pass


def test_every_provider_that_can_be_opened_has_its_view():
    assert set(VIEWS) == set(providers.KEYS)


def test_providers_are_opened_only_with_what_proves_who_they_are():
    good = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}
    assert providers.read_names("mailgun, postmark,mailgun", good) == ("mailgun", "postmark")
    for names, anymail, says in [
        ("amazon_ses", good, "no provider"),
        ("mailgun", {"WEBHOOK_SECRET": SECRET}, "ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY"),
        ("postmark", {}, "ANYMAIL_WEBHOOK_SECRET"),
        ("postmark", {"WEBHOOK_SECRET": "short:secret"}, "20 characters"),
        ("postmark", {"WEBHOOK_SECRET": "no colon in this long secret"}, "user:password"),
    ]:
        with pytest.raises(ValueError, match=says):
            providers.read_names(names, anymail)
