"""The operators' cockpit: every page opens, the past can't be edited, actions do what they say and are logged."""

import json
from datetime import date, timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from digest.admin import acting
from digest.admin.source_url import refused
from digest.models import Change, Copy, Edition, Host, Snapshot, Source, SourceDay
from digest.pipeline import front_panel
from digest.sources import huggingface
from subscribers.models import Batch, Bulletin, Channel, Event, Hold, Letter, Rate, Subscriber, Suppression
from subscribers.outbox.mailurl import Folder, MailServer
from tests.digest.sources.web import Web, plain, web
from tests.house import at, fetch, mails, papers, publish, reader, run, serve
from tests.kept import once
from tests.sink import Sink

pytestmark = pytest.mark.django_db
R = "r@example.org"
OURS = [model for app in ("digest", "subscribers") for model in apps.get_app_config(app).get_models()]
TABLES = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in OURS}
WRITTEN = {"digest_source", "subscribers_readytopic", "subscribers_rate", "subscribers_hold"}  # others are read-only
NOW = "2026-03-04 08:00"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def life(settings) -> None:
    """Something in every table: papers, three readers, digests that arrived, one unknown, one refused, an alert."""
    once("a life for the cockpit", lambda: live(settings))
    settings.MAIL_TARGET = None


def live(settings) -> None:
    fetch(papers("2603.00001", "2603.00002", upvotes=9), "2026-03-02", "2026-03-02 04:00")
    for address in (R, "s@example.org", "t@example.org"):
        reader(address, "All[cap=5]=*", "Loved=upvotes:>=5", now="2026-03-02 05:00")
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        sink.fault("DOT", "drop", times=1)
        serve("2026-03-02 05:01")
        sink.fault("CONNECT", "drop")
        fetch(papers("2603.00003"), "2026-03-03", "2026-03-03 06:00")
        serve("2026-03-03 07:01")
    Host.objects.create(name="lists.example", free_at=at("2026-03-01 00:00"))
    now = at(NOW)
    told = {"raised": [1], "over": [], "state": "accepted", "decided_at": now}
    Bulletin.objects.create(address="boss@example.org", number=1, message_id="<alert.1@x.example>", at=now, **told)
    Suppression.objects.create(address_hash="0" * 64, reason="complaint", since=at("2026-03-01 00:00"))
    Hold.objects.create(label="2026-03-01", at=now, by="boss")
    Rate.objects.create(name="all", per_second=10, free_at=now)


def page(client: Client, name: str, *args: object, **query: object):
    return client.get(reverse(f"admin:{name}", args=args), query)


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def act(client: Client, name: str, action: str, rows: list[int], **more: str):
    data = {"action": action, "_selected_action": rows, "index": "0", **more}
    return client.post(reverse(f"admin:{name}_changelist"), data, follow=True)


def sure(client: Client, name: str, action: str, rows: list[int]):
    """The action, and yes to the page that asks once more."""
    asked = act(client, name, action, rows)
    assert "admin/sure.html" in [template.name for template in asked.templates]
    return client.post(
        reverse(f"admin:{name}_changelist"), {"action": action, "_selected_action": rows, "sure": "yes"}, follow=True
    )


def test_every_table_of_both_houses_is_in_the_cockpit():
    assert not [model for model in OURS if not admin.site.is_registered(model)]


def test_lists_and_pages_of_every_table_open_with_a_bounded_number_of_queries(
    operator, life, django_assert_max_num_queries
):
    for name, model in TABLES.items():
        with django_assert_max_num_queries(14):
            response = page(operator, f"{name}_changelist")
        assert response.status_code == 200
        assert response.context["cl"].result_count == model._default_manager.count() > 0, name
        with django_assert_max_num_queries(24):
            assert page(operator, f"{name}_change", model._default_manager.first().pk).status_code == 200
        if response.context["cl"].search_fields:
            found = page(operator, f"{name}_changelist", q="nothing has this name")
            assert found.context["cl"].result_count == 0, name


def test_lists_do_not_query_more_for_more_rows(operator, life, django_assert_max_num_queries):
    for number, day in enumerate(("2026-03-04", "2026-03-05")):
        fetch(papers(f"2603.0001{number}", f"2603.0002{number}"), day, f"{day} 06:00")
        reader(f"more{number}@example.org", f"More{number}=upvotes:>={number + 20}", now=f"{day} 06:01")
        publish(f"{day} 07:01")
    for name in TABLES:
        with django_assert_max_num_queries(14):
            assert page(operator, f"{name}_changelist").status_code == 200


def test_history_cannot_be_added_to_changed_or_deleted(operator, life):
    for name in TABLES.keys() - WRITTEN:
        model = TABLES[name]
        row = model._default_manager.first()
        before = list(model._default_manager.order_by("pk").values())
        urls = [
            reverse(f"admin:{name}_add"),
            reverse(f"admin:{name}_change", args=[row.pk]),
            reverse(f"admin:{name}_delete", args=[row.pk]),
        ]
        for url in urls:
            assert operator.post(url, {"post": "yes", "state": "left", "kind": "x"}).status_code == 403, url
        act(operator, name, "delete_selected", [row.pk], post="yes")
        assert list(model._default_manager.order_by("pk").values()) == before, name


def test_an_operator_without_rights_sees_nothing(client, life):
    client.force_login(User.objects.create_user("new", is_staff=True))
    for name, model in TABLES.items():
        assert page(client, f"{name}_changelist").status_code == 403
        assert page(client, f"{name}_change", model._default_manager.first().pk).status_code == 403
    front = page(client, "index")
    assert front.context["panel"] is None
    assert R not in front.content.decode()


def test_a_visitor_is_sent_to_the_log_in(client, life):
    for name in ("index", *(f"{name}_changelist" for name in TABLES)):
        answer = page(client, name)
        assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)


def test_who_may_only_look_has_no_actions(client, life):
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(looker)
    unknown = Letter.objects.get(state="unknown")
    for name, action in (("subscribers_letter", "arrived"), ("subscribers_subscriber", "leave")):
        act(client, name, action, [unknown.pk], sure="yes")
    act(client, "digest_source", "look_now", [Source.objects.get().pk])
    assert page(client, "index").context["panel"] is not None
    assert Letter.objects.get(pk=unknown.pk).state == "unknown"
    assert not LogEntry.objects.exists()
    assert Snapshot.objects.count() == 2


class TestSending:
    def test_an_edition_is_paused_resumed_and_cancelled_with_who_did_it(self, operator, life):
        edition = Edition.objects.get(date=date(2026, 3, 3))
        act(operator, "digest_edition", "pause", [edition.pk])
        assert Hold.objects.get(label="2026-03-03").by == "operator"
        assert Batch.objects.filter(label="2026-03-03").exists()
        act(operator, "digest_edition", "resume", [edition.pk])
        assert not Hold.objects.filter(label="2026-03-03").exists()
        open_ones = Letter.objects.filter(copies__edition=edition, state__in=["waiting", "deferred"]).count()
        assert open_ones > 0
        sure(operator, "digest_edition", "cancel", [edition.pk])
        cancelled = Letter.objects.filter(copies__edition=edition, state="cancelled", reason="operator")
        assert cancelled.count() == open_ones
        assert LogEntry.objects.filter(object_id=str(edition.pk), user__username="operator").count() == 3

    def test_all_sending_is_paused_by_a_row_and_resumed_by_an_action(self, operator, life):
        operator.post(reverse("admin:subscribers_hold_add"), {"edition": ""})
        held = Hold.objects.get(label="")
        assert "all sending" in page(operator, "index").content.decode()
        act(operator, "subscribers_hold", "resume", [held.pk])
        assert not Hold.objects.filter(label="").exists()

    @pytest.mark.parametrize(("edition", "name"), [("2026-03-05", "2026-03-05"), ("", "all sending")])
    def test_what_was_paused_is_named(self, operator, life, edition, name):
        answer = operator.post(reverse("admin:subscribers_hold_add"), {"edition": edition}, follow=True)
        assert f"“{name}”" in said(answer)[0]
        assert LogEntry.objects.get().object_repr == name

    def test_a_rate_is_set_changed_and_taken_away(self, operator, life):
        operator.post(reverse("admin:subscribers_rate_add"), {"name": "smtp", "per_second": "2.5"})
        mine = Rate.objects.get(name="smtp")
        assert mine.per_second == 2.5
        operator.post(reverse("admin:subscribers_rate_change", args=[mine.pk]), {"per_second": "4"})
        assert Rate.objects.get(name="smtp").per_second == 4
        for wrong in ("0", "-1", "nan", "inf"):
            operator.post(reverse("admin:subscribers_rate_change", args=[mine.pk]), {"per_second": wrong})
        assert Rate.objects.get(name="smtp").per_second == 4
        operator.post(reverse("admin:subscribers_rate_delete", args=[mine.pk]), {"post": "yes"})
        assert not Rate.objects.filter(name="smtp").exists()
        assert LogEntry.objects.filter(user__username="operator").count() == 3
        told = Event.objects.filter(kind="sending").order_by("pk").values_list("data", flat=True)
        assert [one["a second"] for one in told] == [2.5, 4, None]

    def test_the_front_panel_says_what_is_paused_and_when_all_has_left(self, operator, life):
        with time_machine.travel(at(NOW), tick=False):
            front = page(operator, "index")
        assert front.context["panel"].held == ["2026-03-01"]
        assert front.context["panel"].seconds is not None
        assert "all that waits has left" in front.content.decode()


class TestReaders:
    def test_show_what_they_asked_for_and_what_they_got(self, operator, life):
        person = Subscriber.objects.get(address=R)
        text = page(operator, "subscribers_subscriber_change", person.pk).content.decode()
        assert "upvotes:&gt;=5" in text
        assert f"?subscriber={person.pk}" in text
        assert "confirmed" in text

    def test_pause_and_resume_go_through_the_use_cases_and_are_logged_without_the_address(self, operator, life):
        person = Subscriber.objects.get(address=R)
        with time_machine.travel(at(NOW), tick=False):
            act(operator, "subscribers_subscriber", "pause", [person.pk])
            person.refresh_from_db()
            assert (person.state, person.due, person.cursor) == ("paused", None, None)
            act(operator, "subscribers_subscriber", "resume", [person.pk])
        person.refresh_from_db()
        assert (person.state, person.due) == ("active", at("2026-03-05 07:00"))
        entries = LogEntry.objects.order_by("pk")
        assert [entry.change_message for entry in entries] == ["Paused; now paused.", "Resumed; now active."]
        assert {entry.object_repr for entry in entries} == {f"subscriber {person.pk}"}

    def test_what_is_not_possible_is_said_and_the_others_are_done(self, operator, life):
        left, paused = Subscriber.objects.order_by("pk")[:2]
        run("reader", "leave", left.email, now=NOW)
        answer = act(operator, "subscribers_subscriber", "pause", [left.pk, paused.pk])
        assert any("only an active reader can pause" in text for text in said(answer))
        assert Subscriber.objects.get(pk=paused.pk).state == "paused"
        assert LogEntry.objects.count() == 1

    def test_leaving_asks_once_more_cancels_what_waits_and_stands_in_the_journal(self, operator, life, settings):
        person = Letter.objects.filter(state="waiting").first().subscriber
        act(operator, "subscribers_subscriber", "leave", [person.pk])
        person.refresh_from_db()
        assert person.state == "active"
        sure(operator, "subscribers_subscriber", "leave", [person.pk])
        person.refresh_from_db()
        assert person.state == "left"
        assert set(person.letters.values_list("state", flat=True)) <= {"cancelled", "accepted", "unknown"}
        assert json.loads(settings.JOURNAL.read_text())["key"] == person.key
        assert LogEntry.objects.get().change_message == "Left; now left."


class TestLetters:
    def test_are_found_by_message_id(self, operator, life):
        letter = Letter.objects.get(state="unknown")
        for term in (letter.message_id, letter.message_id.strip("<>")):
            rows = page(operator, "subscribers_letter_changelist", q=term).context["cl"].result_list
            assert [row.pk for row in rows] == [letter.pk]

    @pytest.mark.parametrize(
        ("action", "state", "word"),
        [("arrived", "accepted", "delivered"), ("did_not_arrive", "cancelled", "not-delivered")],
    )
    def test_an_unknown_one_is_decided_by_the_operators_word(self, operator, life, action, state, word):
        letter = Letter.objects.get(state="unknown")
        sure(operator, "subscribers_letter", action, [letter.pk])
        letter.refresh_from_db()
        assert letter.state == state
        assert LogEntry.objects.get().change_message == f"The operator’s word: {word}."
        assert Event.objects.filter(letter=letter, kind=f"word: {word}").exists()

    def test_a_word_that_does_not_fit_changes_nothing_and_is_not_logged(self, operator, life):
        letter = Letter.objects.filter(state="waiting").first()
        answer = sure(operator, "subscribers_letter", "arrived", [letter.pk])
        assert any("the letter is waiting" in text for text in said(answer))
        assert Letter.objects.get(pk=letter.pk).state == "waiting"
        assert not LogEntry.objects.exists()

    def test_one_that_waits_is_cancelled(self, operator, life):
        letter = Letter.objects.filter(state="waiting").first()
        sure(operator, "subscribers_letter", "cancel", [letter.pk])
        letter.refresh_from_db()
        assert (letter.state, letter.reason) == ("cancelled", "operator")

    def test_an_unknown_one_is_sent_again_under_the_same_message_id(self, operator, life, outbox, settings):
        letter = Letter.objects.get(state="unknown")
        sure(operator, "subscribers_letter", "again", [letter.pk])
        sure(operator, "subscribers_letter", "again", [letter.pk])  # it waits already: said twice is said once
        Channel.objects.update(paused_until=None)
        settings.MAIL_TARGET = Folder(outbox)
        assert run("deliver", "--until-empty", now=NOW)["unknown"] == 0
        sent = [mail for mail in mails(outbox) if mail["Message-ID"] == letter.message_id]
        assert len(sent) == 1
        letter.refresh_from_db()
        assert letter.state == "accepted"

    @pytest.mark.parametrize("slot", ["20261399T250000", "99991231T235959", "00000000T000000"])
    def test_a_message_id_with_a_time_that_is_none_finds_nothing(self, operator, life, slot):
        found = page(operator, "subscribers_letter_changelist", q=f"<digest.{'0' * 32}.{slot}@example.org>")
        assert (found.status_code, found.context["cl"].result_count) == (200, 0)

    def test_nothing_is_sent_again_to_one_who_left(self, operator, life):
        letter = Letter.objects.get(state="unknown")
        run("reader", "leave", letter.subscriber.email, now=NOW)
        answer = sure(operator, "subscribers_letter", "again", [letter.pk])
        assert any("its reader left" in text for text in said(answer))
        assert Letter.objects.get(pk=letter.pk).state == "unknown"

    def test_a_deferred_one_is_tried_at_once_instead_of_later(self, operator, settings, outbox):
        reader(R, "All=*", now="2026-03-02 05:00")
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        with Sink() as sink:
            settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
            sink.fault("RCPT", "4xx")
            serve("2026-03-02 05:01")
        (letter,) = Letter.objects.filter(state="deferred")
        settings.MAIL_TARGET = Folder(outbox)
        assert run("deliver", now="2026-03-02 05:02")["accepted"] == 0
        with time_machine.travel(at("2026-03-02 05:02"), tick=False):
            act(operator, "subscribers_letter", "retry", [letter.pk])
        assert run("deliver", now="2026-03-02 05:02")["accepted"] == 1
        assert [str(mail["Message-ID"]) for mail in mails(outbox)] == [letter.message_id]

    def test_a_channel_that_rests_is_opened_when_what_it_rests_for_is_mended(self, operator, life, settings, outbox):
        settings.MAIL_TARGET = Folder(outbox)
        with time_machine.travel(at("2026-03-03 07:01:30"), tick=False):
            assert run("deliver", now="2026-03-03 07:01:30")["waiting"] > 0
            act(operator, "subscribers_channel", "open_now", [Channel.objects.get().pk])
            act(operator, "subscribers_channel", "open_now", [Channel.objects.get().pk])
        assert run("deliver", "--until-empty", now="2026-03-03 07:01:30")["accepted"] > 0
        assert sorted(LogEntry.objects.values_list("change_message", flat=True)) == ["It was open.", "Opened by hand."]

    def test_a_word_opens_the_books_of_a_closed_edition_again(self, operator, life):
        letter = Letter.objects.get(state="unknown")
        edition = Edition.objects.get(copies__letter=letter)
        Edition.objects.filter(pk=edition.pk).update(closed_at=at(NOW), totals={})
        sure(operator, "subscribers_letter", "arrived", [letter.pk])
        edition.refresh_from_db()
        assert (edition.closed_at, edition.totals) == (None, None)

    def test_a_visit_changes_nothing(self, operator, life):
        letter = Letter.objects.get(state="unknown")
        query = {"action": "arrived", "_selected_action": letter.pk, "sure": "yes", "index": "0"}
        operator.get(reverse("admin:subscribers_letter_changelist"), query)
        assert Letter.objects.get(pk=letter.pk).state == "unknown"

    def test_a_post_without_its_token_changes_nothing(self, life):
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(User.objects.create_superuser("operator"))
        letter = Letter.objects.get(state="unknown")
        data = {"action": "arrived", "_selected_action": [letter.pk], "sure": "yes"}
        assert careful.post(reverse("admin:subscribers_letter_changelist"), data).status_code == 403
        assert Letter.objects.get(pk=letter.pk).state == "unknown"

    def test_one_click_touches_a_bounded_number(self, operator, life, monkeypatch):
        monkeypatch.setattr(acting, "MOST", 1)
        waiting = list(Letter.objects.filter(state="waiting").values_list("pk", flat=True))
        asked = act(operator, "subscribers_letter", "cancel", waiting, select_across="1")
        assert asked.content.decode().count('name="_selected_action"') == 1
        assert "first 1" in asked.content.decode()


class TestLists:
    def test_find_papers_by_any_of_their_keys(self, operator, life):
        for term in ("2603.00001", "arxiv:2603.00001"):
            for name, expected in (
                ("paper", 1),
                ("identity", 1),
                ("change", Change.objects.filter(paper__key="2603.00001").count()),
            ):
                listed = page(operator, f"digest_{name}_changelist", q=term)
                assert listed.context["cl"].result_count == expected, name

    def test_show_how_many_were_told_and_never_who(self, operator, life):
        listed = page(operator, "digest_told_changelist")
        assert '<td class="field-readers_told">3</td>' in listed.content.decode()

    def test_copies_are_narrowed_to_an_edition(self, operator, life):
        edition = Edition.objects.order_by("date").first()
        rows = page(operator, "digest_copy_changelist", edition=edition.pk).context["cl"].result_list
        assert {row.edition_id for row in rows} == {edition.pk}

    def test_what_a_stranger_wrote_is_shown_as_text(self, operator):
        fetch(papers("2603.00001", title="<script>alert(1)</script>"), "2026-03-02", "2026-03-02 04:00")
        for name in ("paper", "body", "change"):
            model = apps.get_model("digest", name)
            for text in (
                page(operator, f"digest_{name}_changelist").content.decode(),
                page(operator, f"digest_{name}_change", model.objects.first().pk).content.decode(),
            ):
                assert "<script>alert(1)" not in text


class TestSources:
    def form(self, source: Source, **more: object) -> dict[str, object]:
        return {"url": source.url, "enabled": "on", "every": source.every, "closes": source.closes, **more}

    def edit(self, operator: Client, **more: object):
        source = Source.objects.get(slug="huggingface")
        return operator.post(reverse("admin:digest_source_change", args=[source.pk]), self.form(source, **more))

    def test_are_edited_and_nothing_else_of_the_row_is_written(self, operator):
        Source.objects.update(next_look=at(NOW))
        assert self.edit(operator, every=15, slug="other", short="other", next_look="").status_code == 302
        source = Source.objects.get()
        assert (source.every, source.slug, source.short, source.next_look) == (15, "huggingface", "hf", at(NOW))

    @pytest.mark.parametrize(
        "wrong", [{"every": 1}, {"closes": 5}, {"url": "ftp://example.org/"}, {"url": "http://10.0.0.1/"}]
    )
    def test_are_not_saved_with_values_that_do_harm(self, operator, wrong):
        before = Source.objects.values().get()
        answer = self.edit(operator, **wrong)
        assert list(answer.context["adminform"].form.errors) == list(wrong)
        assert Source.objects.values().get() == before

    def test_one_with_an_allowed_private_host_can_still_be_edited(self, operator):
        Source.objects.update(url="http://127.0.0.1:9/", allow="127.0.0.1:9")
        assert self.edit(operator, every=20).status_code == 302
        assert self.edit(operator, url="http://127.0.0.1:10/").status_code == 200
        assert Source.objects.get().url == "http://127.0.0.1:9/"

    def test_are_added_and_never_deleted(self, operator):
        data = {"slug": "mirror", "short": "mirror", "kind": "feed", "url": "https://example.org/rss", "every": 60,
                "closes": 24, "enabled": "on"}  # fmt: skip
        url = reverse("admin:digest_source_add")
        assert operator.post(url, data | {"slug": "Mirror"}).status_code == 200
        assert operator.post(url, data).status_code == 302
        added = Source.objects.get(slug="mirror")
        assert operator.post(reverse("admin:digest_source_delete", args=[added.pk]), {"post": "yes"}).status_code == 403

    def test_look_now_looks_at_the_days_that_are_due_and_says_what_came(self, operator):
        paths = {}
        with web(paths) as server:
            for day in range(1, 8):
                url = huggingface.urls("http://x", date(2026, 3, day), 0)
                paths[url.removeprefix("http://x")] = plain(200, json.dumps(papers(f"2603.0000{day}")).encode())
            answer = look_now(operator, server)
        looks = list(Snapshot.objects.order_by("id").values_list("day", "verdict"))
        assert looks == [(date(2026, 3, day), "ok") for day in range(1, 8)]
        assert said(answer) == [f"local: {', '.join(f'0{day} Mar ok (1)' for day in range(1, 8))}."]
        assert LogEntry.objects.get().change_message.startswith("Looked at by hand: 01 Mar ok (1)")

    def test_look_now_says_why_a_look_failed(self, operator):
        with web({}) as server:
            answer = look_now(operator, server)
        looks = Snapshot.objects.order_by("pk")
        assert [look.verdict for look in looks] == ["failed"] * 7  # a lost page stops no other day
        assert "404" in looks[0].reason
        told = ", ".join(f"{look.day:%d %b} failed: {look.reason.rstrip('.')}" for look in looks)
        assert said(answer) == [f"local: {told}."]

    def test_look_now_leaves_a_source_alone_that_is_not_enabled(self, operator):
        with web({}) as server:
            run("source", "add", "local", "--kind", "hf", "--url", server.url())
            Source.objects.filter(slug="local").update(enabled=False)
            answer = look_now(operator)
            assert server.seen == []
        assert said(answer) == ["local is not enabled: it was not looked at."]
        assert not Snapshot.objects.exists()
        assert not LogEntry.objects.exists()


def look_now(operator: Client, server: Web | None = None):
    """The action on a source that this server is, on the seventh of March."""
    if server is not None:
        run("source", "add", "local", "--kind", "hf", "--url", server.url())
    with time_machine.travel(at("2026-03-07 08:00"), tick=False):
        return act(operator, "digest_source", "look_now", [Source.objects.get(slug="local").pk])


def test_the_last_look_at_a_source_is_the_newest_by_time(life):
    fetch(papers("2603.00009"), "2026-03-01", "2026-03-03 20:00")
    (row,) = (row for row in front_panel.panel(at("2026-03-03 21:00")).sources if row.last is not None)
    assert row.last.day == date(2026, 3, 1)


@pytest.mark.parametrize("data", [["x"], "x", 7, {"titles": 7}])
def test_an_alert_of_another_shape_does_not_hide_the_front_panel(operator, data):
    Event.objects.create(kind="alert", at=at(NOW), data=data)
    with time_machine.travel(at(NOW), tick=False):
        response = page(operator, "index")
    assert response.status_code == 200
    assert [alert.what for alert in response.context["panel"].alerts] == ["alert"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "javascript:alert(1)", "https://", "example.org", "http://[::1", "http://a b/", "http://x\\y/",
        "http://user:secret@example.org/", "http://localhost/", "http://LOCALHOST./", "http://printer.local/",
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]:80/",
        "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest", "http://192.168.1.1:8080/", "http://host:99999/",
        "http://metadata.google.internal/",
    ],
)  # fmt: skip
def test_an_address_that_only_this_machine_can_reach_is_no_source(url):
    assert refused(url, frozenset())


@pytest.mark.parametrize("url", ["https://huggingface.co", "http://example.org:8080/rss?x=1", "https://8.8.8.8/feed"])
def test_an_address_of_the_internet_may_be_a_source(url):
    assert refused(url, frozenset()) == ""


class TestFrontPanel:
    def test_shows_that_the_books_of_today_balance(self, operator, life):
        with time_machine.travel(at("2026-03-03 08:00"), tick=False):
            front = page(operator, "index")
        text = front.content.decode()
        panel = front.context["panel"]
        assert panel.today.balanced
        assert (panel.today.sums[0].total, panel.today.sums[1].what) == (3, "letters")
        assert "✓ balances" in text
        assert "does not balance" not in text

    def test_is_red_when_they_do_not(self, operator, life):
        wrong = {"copies": 3, "letters": 2, "silent": {}, "failed": 0, "open": 2, "accepted": 0, "refused": 0,
                 "unknown": 0, "cancelled": {}, "balanced": False}  # fmt: skip
        Edition.objects.filter(date="2026-03-03").update(closed_at=at(NOW), totals=wrong)
        with time_machine.travel(at("2026-03-03 08:00"), tick=False):
            text = page(operator, "index").content.decode()
        assert '<span class="v bad">✕ does not balance</span>' in text
        assert "does not balance.</span>" in text

    def test_names_all_that_asks_for_an_operator(self, operator, life):
        now = at("2026-03-03 07:02")
        panel = front_panel.panel(now)
        assert panel.rests_until is not None
        assert panel.channel == Channel.objects.get()
        assert panel.unknown == 1
        assert panel.oldest == Letter.objects.filter(state="waiting").earliest("batch__oldest").batch.oldest
        assert [(lane.name, lane.waiting) for lane in panel.lanes] == [
            ("people", 0), ("editions", Letter.objects.filter(state="waiting").count())
        ]  # fmt: skip
        assert [alert.what for alert in panel.alerts] == ["mail channel paused"]
        assert not panel.calm
        assert front_panel.panel(now + timedelta(days=1, minutes=20)).overdue == 3

    def test_shows_each_sources_last_verdict_and_the_days_that_cannot_be_believed(self, operator, life):
        fetch(b"<html>down for maintenance</html>", "2026-03-02", "2026-03-03 06:30")
        (row,) = front_panel.panel(at("2026-03-03 08:00")).sources
        assert (row.last.verdict, row.last.day.isoformat()) == ("failed", "2026-03-02")
        assert [look.day.isoformat() for look in row.trouble] == ["2026-03-02"]
        with time_machine.travel(at("2026-03-03 08:00"), tick=False):
            assert "huggingface, 2 March:" in page(operator, "index").content.decode()

    def test_is_calm_on_a_day_without_trouble(self, operator):
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
        reader(R, now="2026-03-02 05:00")
        serve("2026-03-02 05:01")
        assert front_panel.panel(at("2026-03-02 05:02")).calm

    def test_opens_on_an_empty_database(self, operator):
        assert "No digest of today’s date" in page(operator, "index").content.decode()

    def test_asks_the_database_a_bounded_number_of_times(self, operator, life, django_assert_max_num_queries):
        for number in range(5):
            day = at("2026-03-04 07:01") + timedelta(days=number)
            fetch(papers(f"2603.1{number:04}"), day.date(), day - timedelta(hours=1))
            publish(day)
        assert Copy.objects.count() > 12
        with time_machine.travel(at("2026-03-08 08:00"), tick=False), django_assert_max_num_queries(60):
            assert page(operator, "index").status_code == 200

    def test_needs_no_script_of_ours_and_no_style_in_the_page(self, operator, life):
        with time_machine.travel(at("2026-03-03 08:00"), tick=False):
            text = page(operator, "index").content.decode()
        assert "style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert "<script>" not in text

    def test_shows_a_doubted_look_with_what_it_showed_until_it_clears(self, operator):
        fetch(papers(*(f"2603.{n:05}" for n in range(9))), "2026-03-02", "2026-03-02 04:00")
        fetch(papers("2603.00001", title="Moss <i>"), "2026-03-02", "2026-03-02 05:00")
        with time_machine.travel(at("2026-03-02 06:00"), tick=False):
            text = page(operator, "index").content.decode()
        assert "huggingface, 2 March: suspect." in text
        assert "“<bdi>Moss &lt;i&gt;</bdi>”" in text
        fetch(papers(*(f"2603.{n:05}" for n in range(10))), "2026-03-02", "2026-03-02 07:00")
        assert front_panel.panel(at("2026-03-02 08:00")).calm


class TestBelievingALook:
    DAY = "2026-03-02"

    def doubted(self) -> Snapshot:
        fetch(papers(*(f"2603.{n:05}" for n in range(9))), self.DAY, f"{self.DAY} 04:00")
        fetch(papers("2603.00001", "2603.00042"), self.DAY, f"{self.DAY} 05:00")
        return Snapshot.objects.get(verdict="suspect")

    def test_takes_its_body_where_the_source_is_away_and_is_logged(self, operator):
        look = self.doubted()
        Source.objects.update(url="http://127.0.0.1:1")  # refused, being private
        with time_machine.travel(at(f"{self.DAY} 06:00"), tick=False):
            answer = sure(operator, "digest_snapshot", "believe", [look.pk])
        assert said(answer) == [
            f"huggingface, {self.DAY}: believed from now on. The look: ok. The source lists 2 papers."
        ]
        assert SourceDay.objects.get().accepted_at == at(f"{self.DAY} 06:00")
        assert Change.objects.filter(kind="listed", facts__key="2603.00042").exists()
        assert LogEntry.objects.get().object_repr == f"snapshot {look.pk}"

    def test_is_not_possible_for_a_look_that_nobody_doubted(self, operator):
        fetch(papers("2603.00001"), self.DAY, f"{self.DAY} 04:00")
        answer = sure(operator, "digest_snapshot", "believe", [Snapshot.objects.get().pk])
        assert "nothing to accept" in said(answer)[0]
        assert SourceDay.objects.get().accepted_at is None

    def test_needs_the_right_to_change_sources(self, client):
        look = self.doubted()
        user = User.objects.create_user("looker", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        client.force_login(user)
        act(client, "digest_snapshot", "believe", [look.pk], sure="yes")
        assert not SourceDay.objects.filter(accepted_at__isnull=False).exists()


NUL, HUGE = "\0", "9" * 30


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("subscribers_filter", {"q": "x"}),
        ("subscribers_event", {"kind": NUL}),
        ("subscribers_subscriber", {"state__exact": NUL}),
        ("subscribers_subscriber", {"q": NUL}),
        ("digest_copy", {"edition": HUGE}),
        ("subscribers_letter", {"subscriber": HUGE}),
        ("digest_snapshot", {"at__year": "99999999"}),
    ],
)
def test_an_address_that_asks_for_what_can_not_be_looked_up_is_no_error(operator, life, name, query):
    response = operator.get(reverse(f"admin:{name}_changelist"), query, follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize("row", ["x", NUL, HUGE, "-"])
def test_an_action_on_a_row_that_can_be_none_is_no_error(operator, life, row):
    for name, action in (
        ("digest_source", "look_now"),
        ("subscribers_letter", "arrived"),
        ("digest_snapshot", "believe"),
    ):
        assert act(operator, name, action, [row]).status_code == 200
