"""The wording through a day: versions come into force, letters keep theirs, what fails is replaced and told once."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, astuple
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from digest.editions.draft import Draft, Section
from digest.mail import limited
from digest.mail.part import Part, WordingError
from digest.models import Template
from digest.pipeline import proofing, rewording, wordings
from digest.pipeline.rendering import Renderer
from digest.pipeline.rewording import NotPossible
from subscribers.models import Batch, Event, Letter, Subscriber
from subscribers.outbox import queue
from subscribers.outbox.queue import owed
from subscribers.outbox.turns import Dot, turn
from tests.house import at, fetch, item, letters, mails, papers, publish, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"
NOW = at("2026-03-02 08:00")
PLACE = ("digest", "foot", "txt")


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    limited._PROCESS.end()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused when it is saved is shown by the tests of `proof`, which take longer."""
    monkeypatch.setattr("digest.pipeline.rewording.prove", lambda parts, part, site: None)


def shipped(kind: str, part: str, format: str) -> str:
    return next(one.body for one in wordings.shipped_parts(kind) if one.place == (part, format))


def write(body: str, place: tuple[str, str, str] = PLACE, now=NOW) -> Template:
    return rewording.write(rewording.candidate(*place, body), "ada", "", now)


def reword(body: str, place: tuple[str, str, str] = PLACE, now=NOW) -> Template:
    """The text as the version in force."""
    return rewording.put_in_force(write(body, place, now), "ada", now)


def first_form(section: Section) -> dict[str, Any]:
    """As the first letters kept it."""
    hits = [{"change": h.change, "score": h.score, "marks": [list(astuple(m)) for m in h.marks]} for h in section.hits]
    return {"topic": section.topic, "name": section.name, "query": section.query, "hits": hits, "more": section.more}


def foot(words: str) -> str:
    return f"{words}\n{{{{ slot.leave }}}}\n"


def active(place: tuple[str, str, str] = PLACE) -> Template:
    kind, part, format = place
    return Template.objects.get(kind=kind, part=part, format=format, active=True)


def texts(folder) -> list[str]:
    return [mail.get_body(("plain",)).get_content() for mail in mails(folder)]


def alerts() -> list[str]:
    return list(Event.objects.filter(kind="alert").order_by("pk").values_list("data__what", flat=True))


def day(number: int, *keys: str) -> None:
    fetch(papers(*keys), f"2026-03-0{number}", f"2026-03-0{number} 05:00")


@pytest.fixture
def readers() -> None:
    day(2, "2603.00001")
    for address in (R, "s@example.org"):
        reader(address, now="2026-03-02 05:30")


@pytest.fixture
def served(readers) -> None:
    """They have had their first digest, before anybody reworded anything."""
    serve("2026-03-02 06:00")


class TestVersions:
    def test_a_draft_changes_nothing_until_it_is_put_in_force(self, readers, outbox):
        version = write(foot("In our own words"))
        serve("2026-03-02 06:00")
        assert not version.active
        rewording.put_in_force(version, "ada", at("2026-03-02 06:30"))
        day(3, "2603.00002")
        serve("2026-03-03 07:01")
        first, second = [t for m, t in zip(mails(outbox), texts(outbox), strict=True) if m["To"] == R]
        assert "In our own words" not in first
        assert "In our own words" in second

    def test_letters_keep_the_words_they_were_posted_with(self, readers, outbox):
        publish("2026-03-02 06:00")
        reword(foot("Later words"))
        run("deliver", "--until-empty", now="2026-03-02 08:01")
        assert len(texts(outbox)) == 2
        assert not any("Later words" in text for text in texts(outbox))

    def test_a_retry_is_the_same_bytes_whatever_has_come_into_force_since(self, readers):
        publish("2026-03-02 06:00")
        letter = owed(Letter.objects.order_by("pk"))[0]
        before = Renderer()([letter])[letter.pk]
        reword(foot("Later words"))
        assert Renderer()([letter])[letter.pk] == before

    def test_a_letter_of_the_first_form_is_the_same_mail(self, readers):
        publish("2026-03-02 06:00")
        letter = owed(Letter.objects.order_by("pk"))[0]
        draft = Draft.from_json(letter.content)
        old = asdict(draft) | {"sections": [first_form(section) for section in draft.sections]}
        assert Draft.from_json(old) == draft
        made = Renderer()([letter, letter._replace(pk=0, content=old)])
        assert made[0] == made[letter.pk]

    def test_facts_of_all_letters_of_a_batch_are_read_at_once(self, readers, django_assert_max_num_queries):
        publish("2026-03-02 06:00")
        batch = owed(Letter.objects.order_by("pk"))
        render = Renderer()
        with django_assert_max_num_queries(2):  # the wording and the facts
            assert not [made for made in render(batch).values() if isinstance(made, Exception)]

    def test_people_s_mail_has_the_words_of_the_time_it_was_asked_for(self, readers, outbox):
        place = ("confirm", "head", "txt")
        reword("First {{ slot.link }}", place, at("2026-03-02 09:00"))
        asked = Letter(kind="confirm", posted_at=at("2026-03-02 10:00"))
        assert active(place).pk in wordings.in_force(asked.kind, asked.posted_at)
        first = active(place).pk
        reword("Second {{ slot.link }}", place, at("2026-03-02 11:00"))
        assert first in wordings.in_force(asked.kind, asked.posted_at)
        assert active(place).pk in wordings.in_force(asked.kind, at("2026-03-02 11:01"))

    def test_rolling_back_is_a_new_version_with_the_old_text(self):
        one, two = reword(foot("one")), reword(foot("two"), now=NOW + timedelta(hours=1))
        back = rewording.put_in_force(one, "bea", NOW + timedelta(hours=2))
        assert back.pk > two.pk
        assert (back.body, back.author, back.note) == (one.body, "bea", f"as version {one.pk}")
        assert active() == back

    def test_going_back_to_what_comes_with_the_service_follows_its_upgrades_again(self):
        wordings.in_force("digest", NOW)
        original = active()
        reword(foot("ours"))
        back = rewording.put_in_force(original, "ada", NOW + timedelta(hours=1))
        assert back.shipped
        assert wordings.in_force("digest", NOW + timedelta(hours=2)).count(back.pk) == 1

    def test_an_upgrade_leaves_the_operators_words_alone(self, settings, tmp_path):
        ours = reword(foot("ours"))
        changed = [Part(p.kind, p.part, p.format, f"{p.body} ", trusted=True) for p in wordings.shipped_parts("digest")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wordings, "shipped_parts", lambda kind: tuple(changed))
            versions = wordings.in_force("digest", NOW + timedelta(days=1))
        assert ours.pk in versions
        assert Template.objects.filter(kind="digest", active=True, shipped=True).count() == 9
        assert len([v for v in versions if v > ours.pk]) == 9

    def test_an_operator_called_shipped_is_not_trusted(self):
        version = rewording.write(rewording.candidate(*PLACE, foot("x")), "shipped", "", NOW)
        assert not wordings.as_part(rewording.put_in_force(version, "shipped", NOW)).trusted

    def test_a_clock_that_goes_back_does_not_change_their_order(self):
        reword(foot("one"), now=NOW)
        later = reword(foot("two"), now=NOW - timedelta(days=1))
        assert later.pk in wordings.in_force("digest", NOW + timedelta(seconds=1))

    def test_what_changes_nothing_or_is_in_force_is_said(self):
        version = reword(foot("one"))
        with pytest.raises(NotPossible, match=f"version {version.pk} says the same and is in force"):
            write(foot("one").replace("\n", "\r\n"))
        with pytest.raises(NotPossible, match="in force already"):
            rewording.put_in_force(version, "ada", NOW)
        with pytest.raises(NotPossible, match="there is no part digest/nose"):
            write("x", ("digest", "nose", "txt"))

    def test_the_database_lets_no_active_draft_in(self):
        version = write(foot("one"))
        with pytest.raises(IntegrityError), transaction.atomic():
            Template.objects.filter(pk=version.pk).update(active=True)


class TestFailing:
    BROKEN = foot("{{ 1 / (edition.date[8:]|int - 3) }}")

    def test_a_part_that_fails_at_run_time_gives_way_to_the_last_good_one_and_is_told_once(self, served, outbox):
        good = reword(foot("Good words"))
        broken = reword(self.BROKEN, now=NOW + timedelta(minutes=1))
        day(3, "2603.00002")
        serve("2026-03-03 07:01")
        sent = [text for text in texts(outbox) if "Good words" in text]
        assert len(sent) == 2
        assert alerts() == [f"{broken} failed; version {good.pk} stands in for it"]
        broken.refresh_from_db()
        assert broken.instead == good
        assert "ZeroDivisionError" in broken.failure
        assert good.pk in wordings.in_force("digest", at("2026-03-04 08:00"))

    def test_without_one_before_it_that_which_came_with_the_service_stands_in(self, served, outbox):
        wordings.in_force("digest", NOW)
        original = active()
        broken = reword(self.BROKEN)
        day(3, "2603.00002")
        serve("2026-03-03 07:01")
        broken.refresh_from_db()
        assert broken.instead == original
        assert all(letter["state"] == "accepted" for letter in letters(R))

    def test_letters_that_name_it_are_the_same_bytes_in_every_process_from_then_on(self, readers):
        good = reword(foot("Good words"), now=at("2026-03-02 05:40"))
        publish("2026-03-02 06:00")
        broken = reword(foot("{{ 1 / 0 }}"), now=at("2026-03-02 06:01"))
        rewording.move_letters(broken, at("2026-03-02 06:02"))
        letter = owed(Letter.objects.order_by("pk"))[0]
        assert broken.pk in letter.content["wording"]
        stale = wordings.wording(tuple(letter.content["wording"]))
        first, second = Renderer()([letter])[letter.pk], Renderer()([letter])[letter.pk]
        assert first == second
        assert b"Good words" in first.data
        context = {"site": {"name": "x"}, "edition": {"date": "2026-03-02", "day": "x", "year": "2026"}}
        assert stale.frame("txt", context)[1].startswith("Good words")  # it had not heard of it
        assert len(alerts()) == 1
        good.refresh_from_db()
        assert good.failed_at is None

    def test_what_exhausts_its_process_gives_way_too(self, served, outbox):
        loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
        broken = reword(loop, ("digest", "card", "txt"))
        day(3, "2603.00002")
        serve("2026-03-03 07:01")
        assert all("2603.00002" in text for text in texts(outbox)[-2:])
        broken.refresh_from_db()
        assert "more than 2 seconds" in broken.failure
        assert len(alerts()) == 1

    def test_a_failed_version_can_not_be_put_in_force_again(self, served):
        broken = reword(self.BROKEN)
        day(3, "2603.00002")
        serve("2026-03-03 07:01")
        broken.refresh_from_db()
        for act in (lambda: rewording.put_in_force(broken, "ada", NOW), lambda: rewording.move_letters(broken, NOW)):
            with pytest.raises(NotPossible, match="failed"):
                act()

    def test_a_card_that_raises_for_one_paper_of_40_leaves_every_digest_standing_and_one_clear_entry(
        self, outbox, caplog
    ):
        card = shipped("digest", "card", "html") + "{{ 1 / (paper.upvotes - 17) }}"
        version = reword(card, ("digest", "card", "html"), at("2026-03-02 04:00"))
        many = [item(f"2603.{n:05}", f"Paper number {n} of the day", upvotes=n) for n in range(1, 41)]
        fetch(many, "2026-03-02", "2026-03-02 05:00")
        for n in range(12):
            reader(f"r{n}@example.org", now="2026-03-02 05:30")
        with caplog.at_level(logging.ERROR):
            assert serve("2026-03-02 06:00")["accepted"] == 12
        for mail in mails(outbox):
            html = mail.get_body(("html",)).get_content()
            assert all(f"Paper number {n} of the day" in html for n in range(1, 41))
            assert html.count("<h3") == 39
            assert '/p/2603.00017">Paper number 17 of the day</a>' in html
        assert alerts() == [f"{version} can't show a paper, which goes out as title and link"]
        (entry,) = [one.message for one in caplog.records if "goes out as title and link:" in one.message]
        assert "2603.00017: digest/card.html" in entry
        version.refresh_from_db()
        assert version.active
        assert version.failed_at is None


class TestMoving:
    def test_digests_that_wait_are_worded_anew_and_those_that_were_sent_are_not(self, readers, outbox):
        publish("2026-03-02 06:00")
        first, second = Letter.objects.order_by("pk")
        Letter.objects.filter(pk=first.pk).update(state="unknown", claim=1, dotted_at=NOW, decided_at=NOW)
        version = reword(foot("Mended words"), now=at("2026-03-02 06:01"))
        assert rewording.move_letters(version, at("2026-03-02 06:02")).letters == 1
        assert rewording.move_letters(version, at("2026-03-02 06:02")).letters == 0
        first.refresh_from_db()
        second.refresh_from_db()
        assert version.pk not in first.content["wording"]
        assert version.pk in second.content["wording"]
        assert len(second.content["wording"]) == 10
        run("deliver", "--until-empty", now="2026-03-02 06:03")
        assert ["Mended words" in text for text in texts(outbox)] == [True]

    def test_deferred_ones_are_moved_too(self, readers):
        publish("2026-03-02 06:00")
        Letter.objects.update(state="deferred", retry_at=at("2026-03-02 07:00"))
        Batch.objects.update(done_at=at("2026-03-02 06:01"), retry_at=at("2026-03-02 07:00"))
        version = reword(foot("Mended words"))
        assert rewording.move_letters(version, NOW).letters == 2

    def test_a_batch_that_somebody_holds_is_left_alone(self, readers):
        publish("2026-03-02 06:00")
        Batch.objects.update(lease=NOW + timedelta(seconds=30))
        version = reword(foot("Mended words"))
        assert rewording.move_letters(version, NOW) == rewording.Moved(0, 1, 0)
        assert rewording.move_letters(version, NOW + timedelta(minutes=1)).letters == 2

    def test_whoever_held_a_batch_and_comes_back_sends_no_mail_in_the_old_words(self, readers):
        publish("2026-03-02 06:00")
        slow, letter = queue.claim(NOW), Letter.objects.earliest("pk")
        late = NOW + 2 * queue.LEASE
        assert rewording.move_letters(reword(foot("Mended words")), late).letters == 2
        assert turn([], [Dot(slow, letter.pk)], late) == set()
        assert turn([], [Dot(queue.claim(late), letter.pk)], late) == {letter.pk}

    def test_a_mail_that_the_new_words_would_make_too_large_shows_fewer_papers(self, outbox):
        day(2, *(f"2603.0{n:04}" for n in range(12)))
        reader(R, now="2026-03-02 05:30")
        publish("2026-03-02 06:00")
        large = shipped("digest", "card", "html").replace("</h3>", f"</h3>{'<i>moss</i>' * 1_500}")
        version = reword(large, ("digest", "card", "html"))
        assert rewording.move_letters(version, NOW).letters == 1
        shown = Draft.from_json(Letter.objects.get().content).sections[0]
        assert (0 < len(shown.hits) < 12, len(shown.hits) + len(shown.more)) == (True, 12)
        run("deliver", "--until-empty", now="2026-03-02 08:01")
        (mail,) = mails(outbox)
        html = mail.get_body(("html",)).get_content()
        assert len(html.encode()) < 90_000
        assert html.count("<h3") == len(shown.hits)
        assert f"and {len(shown.more)} more on the web" in html

    def test_a_draft_and_people_s_mail_are_not_moved_to(self):
        with pytest.raises(NotPossible, match="that is, or was, in force"):
            rewording.move_letters(write(foot("x")), NOW)
        with pytest.raises(NotPossible, match="people’s mail"):
            rewording.move_letters(reword("{{ slot.link }}", ("confirm", "head", "txt")), NOW)


class TestTrying:
    def test_a_reader_s_next_digest_is_shown_in_new_words_and_without_their_links(self, readers):
        person = Subscriber.objects.get(address=R)
        message = proofing.shown(rewording.candidate(*PLACE, foot("New words")), "", person, "op@example.org", NOW)
        text = message.data.decode()
        assert message.recipient == "op@example.org"
        assert "New words" in text
        assert "2603.00001" in text
        assert R not in text
        assert "/leave/sample" in text
        assert person.key not in text
        assert not Letter.objects.exists()

    def test_a_reader_who_would_get_nothing_is_said(self, readers):
        serve("2026-03-02 06:00")
        with pytest.raises(NotPossible, match="would get no digest now"):
            proofing.shown(
                rewording.candidate(*PLACE, foot("x")), "", Subscriber.objects.first(), "op@example.org", NOW
            )

    @pytest.mark.parametrize("kind", ["confirm", "known", "welcome", "goodbye", "alert"])
    def test_the_other_mails_are_shown_with_samples(self, kind):
        part = rewording.candidate(kind, "subject", "txt", "Trying it, {{ slot.date }}")
        assert (
            b"Subject: Trying it, 2 Mar 2026, 08:00 UTC" in proofing.shown(part, "", None, "op@example.org", NOW).data
        )

    def test_a_part_that_fails_is_not_shown_and_not_marked(self, readers):
        with pytest.raises(WordingError, match="ZeroDivisionError"):
            proofing.shown(rewording.candidate(*PLACE, "{{ 1 / 0 }}"), "", None, "op@example.org", NOW)
        assert not alerts()

    def test_a_test_mail_is_in_no_edition_and_no_ledger(self, readers, outbox):
        message = proofing.shown(rewording.candidate(*PLACE, foot("Try")), "sixty", None, "op@example.org", NOW)
        assert proofing.mail(message, NOW).kind == "accepted"
        assert [mail["To"] for mail in mails(outbox)] == ["op@example.org"]
        assert letters() == []
        assert run("publish", now="2026-03-02 05:00")["editions"] == []
