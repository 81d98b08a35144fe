"""Letters through an e-mail provider: a server here that answers as Postmark's API does (and Resend's), and fails."""

import pytest
from anymail.exceptions import AnymailCancelSend
from anymail.signals import pre_send

from subscribers.models import Channel, Event, Letter, Subscriber
from subscribers.outbox import feedback
from subscribers.outbox.fleet import HELD, open_fleet
from subscribers.outbox.mailurl import read_mail_url
from subscribers.outbox.pool import Pool
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.wire import prepared
from tests.house import at, fetch, letters, papers, publish, reader, run
from tests.provider import TOKEN, Api, letter, posted


def test_a_letter_arrives_as_it_is_under_our_message_id_and_without_our_signature(api: Api):
    outcome, trouble = posted(api.place(message_stream="broadcast"))
    assert (outcome.kind, outcome.reply, trouble) == ("accepted", "sent pm-1", None)
    (post,) = api.posts
    assert (post["To"], post["Subject"], post["ReplyTo"]) == ("r1@example.org", "Papérs", "desk@example.org")
    assert (post["TextBody"].strip(), post["HtmlBody"].strip()) == ("été", "<p>html</p>")
    assert post["MessageStream"] == "broadcast"
    headers = {one["Name"]: one["Value"] for one in post["Headers"]}
    assert headers["Message-ID"] == "<digest.1@example.org>"
    assert headers["X-PM-KeepID"] == "true"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "DKIM-Signature" not in headers
    assert api.headers[0]["X-Postmark-Server-Token"] == TOKEN


def test_nothing_is_posted_before_the_dot(api: Api):
    session = ProviderSession(api.place())
    session.open()
    session.stage(letter())
    session.abandon()
    session.stage(letter(2))
    session.close()
    assert api.posts == []


@pytest.mark.parametrize(
    ("answer", "kind", "code", "is_ours"),
    [
        ("key", "deferred", 401, True),
        ("inactive", "refused", 550, False),
        ("invalid", "refused", 553, False),
        ("content", "refused", 422, False),
        ("slow down", "deferred", 429, True),
        ("broken", "unknown", 500, True),
        ("nonsense", "unknown", 200, True),
        ("drop", "unknown", None, True),
        ("hang", "unknown", None, True),
        ("moved", "deferred", None, True),
    ],
)
def test_what_an_answer_means(api: Api, answer: str, kind: str, code: int | None, is_ours: bool):
    api.answer = answer
    outcome, trouble = posted(api.place(timeout="0.5"))
    assert (outcome.kind, outcome.code) == (kind, code)
    assert (trouble is not None and trouble.kind == "channel") == is_ours
    assert outcome.wait == (1200 if answer in ("slow down", "key") else 0)
    assert len(api.posts) == 1
    assert TOKEN not in outcome.reply


@pytest.mark.parametrize(
    ("method", "kind", "posts"), [("build_message_payload", "deferred", 0), ("parse_recipient_status", "unknown", 1)]
)
def test_what_stumbles_before_the_post_is_tried_again_and_over_the_answer_is_in_doubt(
    api: Api, monkeypatch, method: str, kind: str, posts: int
):
    def stumble(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(f"anymail.backends.postmark.EmailBackend.{method}", stumble)
    outcome, trouble = posted(api.place())
    assert (outcome.kind, trouble is not None, len(api.posts)) == (kind, True, posts)


def test_what_something_of_ours_keeps_from_being_posted_is_tried_again(api: Api):
    def cancel(**_: object) -> None:
        raise AnymailCancelSend

    pre_send.connect(cancel)
    try:
        outcome, trouble = posted(api.place())
    finally:
        pre_send.disconnect(cancel)
    assert (outcome.kind, trouble is not None, api.posts) == ("deferred", True, [])


def test_where_nobody_listens_nothing_has_left(api: Api):
    place = api.place()
    api.server.shutdown()  # or what still waits for a connection takes one
    api.server.server_close()
    outcome, trouble = posted(place)
    assert (outcome.kind, trouble is not None) == ("deferred", True)


def test_a_provider_that_knows_idempotency_is_told_our_name_of_the_letter(api: Api):
    assert posted(api.place("resend"))[0].kind == "accepted"
    assert api.headers[0]["Idempotency-Key"] == "digest.1@example.org"


def proven(place: Provider) -> Pool:
    """A pool whose first letter was answered."""
    fleet = open_fleet(place, "h")
    assert isinstance(fleet, Pool)
    assert fleet.room(9) == 1
    fleet.stage(0, prepared(letter(0)))
    assert fleet.poll(0) == [(0, HELD)]
    assert fleet.room(9) == 0
    fleet.dot(0)
    assert [key for key, _ in fleet.poll(5)] == [0]
    return fleet


def test_until_the_provider_has_shown_that_it_makes_sense_it_gets_one_letter_at_a_time(api: Api):
    api.answer = "nonsense"
    fleet = proven(api.place(connections="3"))
    assert fleet.room(9) == 0
    assert fleet.trouble is not None
    fleet.close()


def test_a_pool_posts_many_at_once_and_none_behind_a_dot(api: Api):
    fleet = proven(api.place(connections="3"))
    assert fleet.room(9) == 3
    for number in (1, 2, 3):
        fleet.stage(number, prepared(letter(number)))
    assert fleet.poll(0) == [(1, HELD), (2, HELD), (3, HELD)]
    assert fleet.room(9) == 0
    fleet.dot(1)
    fleet.dot(2, (4, prepared(letter(4))))
    fleet.abandon(3)
    heard: dict[int, object] = {}
    while len(heard) < 3:
        heard.update(fleet.poll(5))
    assert heard[4] == "back"
    assert [getattr(heard[number], "kind", None) for number in (1, 2)] == ["accepted", "accepted"]
    assert sorted(post["To"] for post in api.posts) == ["r0@example.org", "r1@example.org", "r2@example.org"]
    assert fleet.room(9) == 3
    fleet.close()


@pytest.fixture
def three_wait(settings, api: Api) -> None:
    settings.MAIL_TARGET = api.place(connections="2")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(3):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")


@pytest.mark.django_db
@pytest.mark.usefixtures("three_wait")
class TestTheLedger:
    def test_everyone_gets_one_letter(self, api: Api):
        assert run("deliver", "--until-empty", now="2026-03-02 05:02")["accepted"] == 3
        assert sorted(post["To"] for post in api.posts) == [f"r{n}@example.org" for n in range(3)]
        assert {one["reply"] for one in letters()} == {"200 sent pm-1"}

    def test_a_wrong_key_alerts_once_rests_and_loses_nothing(self, api: Api):
        api.answer = "key"
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert (done["accepted"], done["refused"], done["unknown"]) == (0, 0, 0)
        assert Channel.objects.get(name="smtp").paused_until is not None
        assert Event.objects.filter(kind="alert").count() == 1
        assert len(api.posts) == 1
        api.answer = "ok"
        run("deliver", "--until-empty", now="2026-03-02 05:30")
        assert {one["state"] for one in letters()} == {"accepted"}

    def test_a_broken_provider_leaves_what_it_was_posted_unknown_and_the_others_waiting(self, api: Api):
        api.answer = "broken"
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert (done["unknown"], done["waiting"], len(api.posts)) == (1, 2, 1)

    def test_of_one_that_makes_no_sense_one_letter_is_in_doubt_and_one_alert_says_so(self, api: Api):
        api.says = (200, b"<html>Please log in to the network of this house</html>")
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert (done["unknown"], done["waiting"], len(api.posts)) == (1, 2, 1)
        assert Channel.objects.get(name="smtp").paused_until is not None
        assert Event.objects.filter(kind="alert").count() == 1
        api.says = None
        assert run("deliver", "--until-empty", now="2026-03-02 05:04")["accepted"] == 2

    def test_an_address_that_the_provider_gave_up_counts_against_its_reader_alone(self, api: Api):
        api.answer = "inactive"
        assert run("deliver", "--until-empty", now="2026-03-02 05:02")["refused"] == 3
        assert Letter.objects.filter(reply__startswith="550 5.2.1").count() == 3
        assert Subscriber.objects.filter(state="active").count() == 3

    def test_one_of_which_five_letters_in_a_row_fail_rests_with_an_alert(self, settings, api: Api):
        settings.MAIL_TARGET = api.place("scaleway", project_id="p", connections="1")
        for n in range(3, 8):
            reader(f"r{n}@example.org", now="2026-03-02 05:00")
        publish("2026-03-02 05:01")
        api.says = (200, {"emails": [{"mail_rcpt": "r@example.org", "status": "failed"}]})
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert (done["deferred"], len(api.posts)) == (5, 5)
        assert Event.objects.filter(kind="alert").count() == 1

    def test_one_that_rejects_our_sender_disables_no_reader(self, settings, api: Api):
        settings.MAIL_TARGET = api.place("mandrill")
        for day in range(2, 10):
            fetch(papers(f"2603.0001{day}"), f"2026-03-0{day}", f"2026-03-0{day} 05:30")
            api.says = (200, [{"email": "r@example.org", "status": "rejected", "reject_reason": "invalid-sender"}])
            publish(f"2026-03-0{day} 07:01")
            assert run("deliver", "--until-empty", now=f"2026-03-0{day} 07:02")["refused"] == 0
            feedback.judge_refusals(at(f"2026-03-0{day} 23:00"))
        assert Subscriber.objects.filter(state="active").count() == 3
        assert Event.objects.filter(kind="alert").count() == 1

    def test_one_that_asks_for_time_gets_it(self, api: Api):
        api.answer = "slow down"
        run("deliver", "--until-empty", now="2026-03-02 05:02")
        later = Letter.objects.filter(state="deferred").order_by("retry_at").first()
        assert later is not None
        assert later.retry_at is not None
        assert f"{later.retry_at:%H:%M}" == "05:22"


@pytest.mark.parametrize(
    "url",
    [
        "anymail+nobody://k@", "anymail+postmark://", "anymail+postmark://k", "anymail+postmark://@",
        "anymail+mailjet://k@", "anymail+postmark://k:s@", "anymail+postal://k@", "anymail+postmark://k@host",
        "anymail+postmark://k@?x=1", "anymail+postmark://k@?timeout=1&timeout=2", "anymail+postmark://k@?",
        "anymail+postmark://k@?timeout=0", "anymail+postmark://k/k@",
    ],
)  # fmt: skip
def test_a_wrong_url_is_refused_with_an_example_and_without_what_it_says(url: str):
    with pytest.raises(ValueError, match=r"as in (anymail|smtp)") as refused:
        read_mail_url(url.replace("k@", f"{TOKEN}@"))
    assert TOKEN not in str(refused.value)


def test_a_url_names_what_stands_before_the_at_and_the_options_as_django_anymail_does():
    place = read_mail_url("anymail+mailjet://pub%3Alic:se%40cret@?connections=3&timeout=5")
    assert place == Provider("mailjet", {"api_key": "pub:lic", "secret_key": "se@cret"}, 5.0, 3)
    assert "se@cret" not in repr(place)
