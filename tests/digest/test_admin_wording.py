"""The editor of the mails' wording: who may, what is shown, refused, kept, sent and logged."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from digest.admin.difference import difference
from digest.mail import limited
from digest.models import Template
from digest.pipeline import wordings
from subscribers.models import Letter, Subscriber
from tests.house import at, fetch, mails, papers, publish, reader, run

pytestmark = pytest.mark.django_db
FOOT = ("digest", "foot", "txt")
SUBJECT = ("confirm", "subject", "txt")
R = "r@example.org"


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    limited._PROCESS.end()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada", email="ada@example.org"))
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"admin:digest_template_{name}", args=args)


def keep(client: Client, body: str, button: str = "_activate", place: tuple[str, str, str] = SUBJECT, **more: str):
    data = {"body": body, "note": "", "sample": "ordinary", "side": "txt", button: "x", **more}
    return client.post(url("edit", *place), data, follow=True)


def shown(client: Client, body: str, place: tuple[str, str, str] = FOOT, **more: str):
    return client.post(url("mail", *place), {"body": body, "sample": "ordinary", "side": "txt", **more})


def foot(words: str) -> str:
    return f"{words}\n{{{{ slot.leave }}}}\n"


def act(client: Client, action: str, row: int):
    data = {"action": action, "_selected_action": [row], "index": "0", "sure": "yes"}
    return client.post(url("changelist"), data, follow=True)


def wrong(response) -> str:
    return "\n".join(error for errors in response.context["form"].errors.values() for error in errors)


def logged() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


def test_every_part_of_every_mail_has_an_editor_that_opens_and_writes_nothing(operator):
    text = operator.get(url("parts")).content.decode()
    links = re.findall(r'href="(/admin/digest/template/parts/[^"]+)"', text)
    assert len(links) == 10 + 5 * 4
    for link in links:
        assert operator.get(link).status_code == 200
        assert operator.get(f"{link}mail/").status_code == 200
    assert not Template.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("place", [("digest", "nose", "txt"), ("nobody", "head", "txt"), ("digest", "head", "css")])
def test_there_is_no_editor_for_what_is_no_part(operator, place):
    for name in ("edit", "mail"):
        assert operator.get(url(name, *place)).status_code == 404
        assert operator.post(url(name, *place), {"body": "x"}).status_code == 404
    assert operator.get(url("edit", *FOOT), {"version": "999999"}).status_code == 404


@pytest.mark.parametrize("rights", [["view_template"], ["view_template", "change_source", "view_subscriber"], []])
def test_without_the_right_to_change_wordings_nobody_edits_tries_or_sends(client, rights, outbox):
    looker = User.objects.create_user("looker", is_staff=True, email="looker@example.org")
    looker.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(looker)
    for name in ("edit", "mail"):
        assert client.get(url(name, *FOOT)).status_code == 403
    for button in ("_save", "_activate", "_send"):
        assert keep(client, foot("x"), button, FOOT).status_code == 403
    version = Template.objects.get(pk=wordings.in_force("digest", at("2026-03-02 08:00"))[0])
    act(client, "put_in_force", version.pk)
    act(client, "move_letters", version.pk)
    assert client.get(url("parts")).status_code == (200 if rights else 403)
    assert not LogEntry.objects.exists()
    assert not mails(outbox)


def test_a_visitor_is_sent_to_the_log_in(client):
    for link in (url("parts"), url("edit", *FOOT), url("mail", *FOOT)):
        assert "/login/" in client.get(link)["Location"]


def test_a_draft_is_kept_and_put_in_force_later_each_with_its_line_in_the_log(operator):
    keep(operator, "Is it you, {{ slot.date }}?", "_save", note="friendlier")
    draft = Template.objects.get(author="ada")
    assert (draft.active, draft.note, draft.shipped) == (False, "friendlier", False)
    page = operator.get(url("change", draft.pk)).content.decode()
    assert '<span class="removed">-Confirm your address for {{ site.name }}, {{ slot.date }}</span>' in page
    assert '<span class="added">+Is it you, {{ slot.date }}?</span>' in page
    act(operator, "put_in_force", draft.pk)
    draft.refresh_from_db()
    assert draft.active
    assert logged() == ["Written. friendlier", "Put in force."]
    first = Template.objects.get(kind="confirm", part="subject", shipped=True)
    act(operator, "put_in_force", first.pk)
    again = Template.objects.get(kind="confirm", part="subject", active=True)
    assert (again.body, logged()[-1]) == (first.body, f"Put in force again, as version {again.pk}.")


def test_the_actions_ask_once_more(operator):
    keep(operator, "Is it you, {{ slot.date }}?", "_save")
    draft = Template.objects.get(author="ada")
    for action in ("put_in_force", "move_letters"):
        data = {"action": action, "_selected_action": [draft.pk], "index": "0"}
        asked = operator.post(url("changelist"), data)
        assert "admin/sure.html" in [template.name for template in asked.templates]
    draft.refresh_from_db()
    assert not draft.active


def test_what_is_wrong_is_said_beside_the_text_and_nothing_is_kept(operator):
    answer = keep(operator, "{{ slot.date }}\n{{ slot.nope }}")
    assert wrong(answer) == "confirm/subject.txt, line 2: there is no slot.nope here; there are date, email"
    assert "{{ slot.nope }}" in answer.content.decode()
    assert not Template.objects.filter(author="ada").exists()
    assert not LogEntry.objects.exists()


def test_the_text_is_shown_as_it_stands_in_the_editor_under_a_policy_that_lets_nothing_run(operator):
    answer = shown(operator, foot("As it stands"))
    assert "As it stands" in answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    page = shown(operator, "<p>As it stands</p>", ("digest", "foot", "html"), side="html")
    assert "<p>As it stands</p>" in page.content.decode().replace(' style=""', "")
    for one in (answer, page):
        policy = one["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert policy.endswith("frame-ancestors 'self'; sandbox")
        assert one["X-Frame-Options"] == "SAMEORIGIN"
        assert "no-store" in one["Cache-Control"]
        assert one["Referrer-Policy"] == "no-referrer"
    frame = re.search(r"<iframe[^>]*>", operator.get(url("edit", *FOOT)).content.decode())
    assert frame
    assert " sandbox " in frame[0]
    assert not Template.objects.exists()


def test_a_mail_is_shown_in_the_dark_whatever_the_operator_s_own_screen_does(operator):
    light, dark = (
        shown(operator, "<p>As it stands</p>{{ slot.leave }}", ("digest", "foot", "html"), side=side).content.decode()
        for side in ("html", "dark")
    )
    assert "@media (prefers-color-scheme:dark)" in light
    assert dark == light.replace("@media (prefers-color-scheme:dark)", "@media all")


@pytest.mark.parametrize("sample", ["ordinary", "first", "missing", "none", "sixty", "naughty", "long", "rtl"])
def test_it_is_shown_with_extreme_days(operator, sample):
    for side in ("html", "txt"):
        answer = shown(operator, foot("As it stands"), sample=sample, side=side)
        assert ("As it stands" in answer.content.decode()) == (side == "txt")
        assert "<script>" not in answer.content.decode() or side == "txt"


def test_a_text_that_fails_is_shown_as_what_is_wrong(operator):
    answer = shown(operator, "a\n{{ 1 / 0 }}")
    assert answer.content.decode() == "digest/foot.txt, line 2: ZeroDivisionError: division by zero"
    assert "no reader of this address" in shown(operator, foot("x"), reader="nobody@example.org").content.decode()
    assert shown(operator, foot("x"), sample="nothing of ours").status_code == 200


class TestReaders:
    @pytest.fixture(autouse=True)
    def there(self) -> None:
        fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
        reader(R, now="2026-03-02 05:30")

    def test_a_reader_s_next_digest_is_shown_without_their_links(self, operator):
        with time_machine.travel(at("2026-03-02 08:00"), tick=False):
            text = shown(operator, foot("As it stands"), reader=R).content.decode()
        assert "2603.00001" in text
        assert "As it stands" in text
        assert R not in text
        assert "/leave/sample" in text
        assert not Letter.objects.exists()

    @pytest.mark.parametrize(
        ("act", "said"), [("pause", "2603.00001"), ("leave", f"{R} has left, so no slot brings anything")]
    )
    def test_so_is_that_of_one_who_has_paused_and_of_one_who_has_left_why_there_is_none(self, operator, act, said):
        run("reader", act, R, now="2026-03-02 06:00")
        with time_machine.travel(at("2026-03-02 08:00"), tick=False):
            assert said in shown(operator, foot("x"), reader=R).content.decode()
            kept = keep(operator, foot("x"), "_send", FOOT, reader=R)
            assert kept.status_code == 200
            assert (said in kept.content.decode()) == (act == "leave")

    def test_so_is_that_of_one_who_was_erased(self, operator):
        run("reader", "forget", R, now="2026-03-02 06:00")
        key = Subscriber.objects.get().key
        assert "was erased, so no slot brings anything" in shown(operator, foot("x"), reader=key).content.decode()

    def test_who_may_not_see_readers_sees_no_reader_s_digest(self, client):
        editor = User.objects.create_user("editor", is_staff=True)
        editor.user_permissions.set(Permission.objects.filter(codename__in=["change_template", "view_template"]))
        client.force_login(editor)
        assert "2603.00001" not in shown(client, foot("x"), reader=R).content.decode()
        assert "You may not look at readers" in shown(client, foot("x"), reader=R).content.decode()

    def test_digests_that_wait_are_moved_and_it_is_logged(self, operator):
        publish("2026-03-02 06:00")
        keep(operator, foot("Mended"), place=FOOT)
        version = Template.objects.get(author="ada")
        act(operator, "move_letters", version.pk)
        assert version.pk in Letter.objects.get().content["wording"]
        assert logged()[-1] == "Moved 1 waiting digests to it."


class TestSending:
    def test_a_test_goes_to_the_operator_s_own_address_and_nowhere_else(self, operator, outbox):
        answer = keep(operator, "Only a test, {{ slot.date }}", "_send", to="other@example.org", email="o@example.org")
        (mail,) = mails(outbox)
        assert mail["To"] == "ada@example.org"
        assert mail["Subject"].startswith("Only a test, ")
        assert mail["Message-ID"].startswith("<test.")
        assert "To ada@example.org: accepted." in str([str(one) for one in answer.context["messages"]])
        assert not Letter.objects.exists()
        assert not Template.objects.filter(author="ada").exists()

    def test_it_is_logged_without_the_address(self, operator):
        wordings.in_force("confirm", at("2026-03-02 08:00"))
        keep(operator, "Only a test, {{ slot.date }}", "_send")
        (said,) = logged()
        assert said.startswith("Test mail of confirm/subject.txt to their own address: accepted.")
        assert "ada@" not in said

    def test_an_account_without_an_address_is_told_so(self, client, outbox):
        client.force_login(User.objects.create_superuser("bea"))
        assert "has no e-mail address" in wrong(keep(client, "Only a test, {{ slot.date }}", "_send"))
        assert not mails(outbox)

    def test_a_visit_sends_and_keeps_nothing(self, operator, outbox):
        for name in ("edit", "mail"):
            for button in ("_send", "_activate", "_save"):
                operator.get(url(name, *SUBJECT), {"body": "x", button: "x"})
        assert not mails(outbox)
        assert not Template.objects.exists()


def test_a_post_without_its_token_keeps_nothing():
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(User.objects.create_superuser("ada"))
    assert keep(careful, "Is it you, {{ slot.date }}?").status_code == 403
    assert not Template.objects.exists()


def test_a_difference_names_what_was_added_and_removed_with_what_is_around():
    before = "\n".join("abcdefghij")
    found = list(difference(before, before.replace("e", "E")))
    assert [line for sort, line in found if sort != "same"] == ["@@ -2,7 +2,7 @@", "-e", "+E"]
    assert ("same", " b") in found
    assert ("same", " a") not in found
    assert list(difference(before, before)) == []


def opened(client: Client, place: tuple[str, str, str] = FOOT, **query: object) -> dict[str, str]:
    """What the form of the editor holds when it is opened."""
    initial = client.get(url("edit", *place), query).context["form"].initial
    return {name: initial[name] for name in ("body", "began")}


def standing() -> str:
    return Template.objects.get(kind="digest", part="foot", format="txt", active=True).body


@pytest.fixture
def other() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("bob", email="bob@example.org"))
    return client


def test_a_save_undoes_nothing_that_came_into_force_since_its_form_was_opened(operator, other):
    mine, theirs = opened(operator), opened(other)
    keep(other, theirs["body"].replace("Unsubscribe:", "Leave now:"), place=FOOT, began=theirs["began"])
    edited = mine["body"].replace("A person reads replies", "Someone reads replies")
    answer = keep(operator, edited, place=FOOT, began=mine["began"])
    assert "by bob, has come into force since you opened this" in wrong(answer)
    page = answer.content.decode()
    assert '<span class="removed">-Leave now:</span>' in page
    assert '<span class="added">+Unsubscribe:</span>' in page
    assert "Someone reads replies" in page
    assert "Leave now:" in standing()
    again = keep(operator, edited, place=FOOT, began=answer.context["form"]["began"].value())
    assert "is in force" in again.content.decode()
    assert "Someone reads replies" in standing()


def test_a_draft_that_began_before_what_is_in_force_says_so_when_it_is_put_in_force(operator, other):
    mine = opened(operator)
    keep(operator, foot("Mine"), "_save", FOOT, began=mine["began"])
    keep(other, foot("Theirs"), place=FOOT, began=opened(other)["began"])
    draft = opened(operator, version=Template.objects.get(author="ada").pk)
    assert "by bob, has come into force" in wrong(keep(operator, draft["body"], place=FOOT, began=draft["began"]))
    assert "Theirs" in standing()


def test_a_form_that_does_not_say_what_it_began_from_undoes_nobody_elses_text(operator, other):
    keep(operator, foot("Mine"), place=FOOT)
    keep(operator, foot("Mine again"), place=FOOT)
    assert "by ada, has come into force" in wrong(keep(other, foot("Theirs"), place=FOOT))
    assert "Mine again" in standing()
