"""How much a digest says of each paper, and a short mail when there is nothing: "What a digest holds" on one's page."""

import pytest
from bs4 import BeautifulSoup

from digest.editions.draft import LENGTHS
from subscribers import membership
from subscribers.models import Letter, Subscriber
from tests.house import at, copies, fetch, item, letters, mails, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"
MOSS = item("2603.00001", "On moss", "A long story of moss.")
LONG = f"It begins here. {'More of the same. ' * 60}It ends here."


def choose(length: str = "short", empty: bool = False) -> None:
    number = Subscriber.objects.get(address=R).pk
    membership.choose_shape(number, at("2026-03-02 06:01"), length=length, empty_too=empty)


def said(mail, kind: str = "plain") -> str:
    return " ".join(mail.get_body((kind,)).get_content().split())


def test_titles_alone_have_the_reason_and_the_links_but_no_abstract(outbox):
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    choose("titles")
    fetch([MOSS], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    (mail,) = mails(outbox)
    assert "A long story" not in said(mail) + said(mail, "html")
    assert "On *moss*" in said(mail)
    assert "Why: " in said(mail)
    assert "https://arxiv.org/abs/2603.00001" in said(mail)
    assert told(R) == ["2603.00001"]


@pytest.mark.parametrize(("length", "ends"), [("", 0), ("short", 0), ("abstracts", 1), ("titles", 0)])
def test_unless_another_length_is_chosen_a_paper_comes_with_the_beginning_of_its_abstract(outbox, length, ends):
    reader(R, now="2026-03-02 06:00")
    if length:
        choose(length)
    fetch([item("2603.00001", summary=LONG)], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    (mail,) = mails(outbox)
    for kind in ("plain", "html"):
        words = said(mail, kind)
        assert (words.count("It begins here."), words.count("It ends here.")) == (length != "titles", ends)


@pytest.mark.parametrize(("length", "shown"), [("short", [0, 1, 1]), ("abstracts", [1, 0, 0]), ("titles", [0, 0, 0])])
def test_the_summary_of_a_paper_takes_the_place_of_its_abstract_in_a_short_digest_alone(outbox, length, shown):
    reader(R, now="2026-03-02 06:00")
    choose(length)
    fetch([item("2603.00001", summary=LONG, ai_summary="It is put briefly.")], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    (mail,) = mails(outbox)
    for kind in ("plain", "html"):
        words = said(mail, kind)
        assert [words.count(text) for text in ("It begins here.", "It is put briefly.", "AI summary")] == shown


def test_a_digest_has_the_summary_that_was_known_when_its_news_was_made(outbox):
    reader(R, now="2026-03-02 05:00")
    for hour, summary in ((6, "It is put briefly."), (8, "It is put otherwise.")):
        fetch([item("2603.00001", summary=LONG, ai_summary=summary)], "2026-03-02", f"2026-03-02 0{hour}:00")
    serve("2026-03-02 09:00")
    (mail,) = mails(outbox)
    assert (said(mail).count("It is put briefly."), said(mail).count("It is put otherwise.")) == (1, 0)


def test_readers_choose_among_the_lengths_that_mails_have():
    assert tuple(Subscriber.Length.values) == LENGTHS


def test_a_length_that_is_none_is_refused():
    reader(R, now="2026-03-02 06:00")
    with pytest.raises(ValueError, match="epic"):
        choose("epic")
    assert Subscriber.objects.get().length == "short"


def test_the_less_is_said_of_each_paper_the_more_of_them_fit_into_one_mail(outbox):
    many = [item(f"2603.{n:05}", f"On moss, part {n}", "moss and fern " * 100) for n in range(60)]
    fetch(many, "2026-03-02", "2026-03-02 05:00")
    reader(R, "Moss=moss", now="2026-03-02 06:00")
    held = []
    for length in ("abstracts", "short", "titles"):
        choose(length)
        html = run("preview", R, "--out", str(outbox), now="2026-03-02 07:00")
        held.append(len(html["papers"]))
        assert html["bytes"] < 400_000
    assert held[0] < 40
    assert held[0] < held[1] <= held[2] == 60


def test_nothing_brings_no_mail_unless_it_is_asked_for(outbox):
    reader(R, "Fern=fern", now="2026-03-02 06:00")
    fetch([MOSS], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    assert (copies(R), mails(outbox)) == ([("silent", "nothing matched")], [])
    choose(empty=True)
    fetch([item("2603.00002", "More moss")], "2026-03-03", "2026-03-03 06:30")
    serve("2026-03-03 07:01")
    (mail,) = mails(outbox)
    assert mail["Subject"] == "Nothing for you, 3 Mar 2026"
    assert "Nothing for you this time: nothing matched your topics." in said(mail)
    assert "More moss" in said(mail)
    assert "Close: has no “fern”" in said(mail)
    assert "1 new or changed = 0 above + 0 more on the web + 0 told before + 1 outside your topics" in said(mail)
    assert copies(R)[-1] == ("letter", "")
    assert told(R) == []
    assert BeautifulSoup(mail.get_body(("html",)).get_content(), "lxml").select("h2 a")[0].get_text() == "More moss"


def test_what_matched_but_stayed_below_the_threshold_came_closest(outbox):
    reader(R, "Fern[threshold=90]=fern", "Moss[threshold=70]=moss", now="2026-03-02 06:00")
    choose(empty=True)
    far = item("2603.00003", "On lichen", upvotes=300)
    near = [item("2603.00001", "On ferns", upvotes=60), item("2603.00002", "On ferns and moss", upvotes=20)]
    fetch([far, *near], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    (mail,) = mails(outbox)
    html = BeautifulSoup(mail.get_body(("html",)).get_content(), "lxml")
    assert [link.get_text() for link in html.select("h2 a")] == ["On ferns", "On ferns and moss", "On lichen"]
    assert "Close: Fern: matches, with score 85 of the 90 asked for · Moss: has no “moss”" in said(mail)
    both = "Close: Moss: matches, with score 63 of the 70 asked for · Fern: matches, with score 63 of the 90 asked for"
    assert both in said(mail)


def test_what_came_close_is_not_told_and_comes_when_it_matches_later():
    reader(R, "Loved=upvotes:>=20", now="2026-03-02 06:00")
    choose(empty=True)
    fetch([item("2603.00001", "On moss", upvotes=3)], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    assert [one["papers"] for one in letters(R)] == [[]]
    fetch([item("2603.00001", "On moss", upvotes=30)], "2026-03-02", "2026-03-02 20:30")
    serve("2026-03-03 07:01")
    assert [one["papers"] for one in letters(R)] == [[], ["2603.00001"]]


def test_of_several_that_wait_only_the_newest_is_sent():
    reader(R, "Fern=fern", now="2026-03-02 06:00")
    choose(empty=True)
    for day in (2, 3, 4):
        fetch(papers(f"2603.0000{day}"), f"2026-03-0{day}", f"2026-03-0{day} 06:30")
        publish(f"2026-03-0{day} 07:01")
    run("deliver", "--until-empty", now="2026-03-04 07:02")
    assert [(one["slot"][:10], one["state"]) for one in letters(R)] == [
        ("2026-03-02", "cancelled"),
        ("2026-03-03", "cancelled"),
        ("2026-03-04", "accepted"),
    ]


def test_one_who_wants_no_such_mail_any_more_gets_none_for_what_did_not_arrive():
    reader(R, "Fern=fern", now="2026-03-02 06:00")
    choose(empty=True)
    fetch([MOSS], "2026-03-02", "2026-03-02 06:30")
    publish("2026-03-02 07:01")
    Letter.objects.update(state="cancelled", reason="not delivered", decided_at=at("2026-03-02 07:02"))
    choose()
    serve("2026-03-03 07:01")
    assert copies(R)[-1][0] == "silent"


def test_the_page_of_such_a_mail_says_the_same(client, outbox):
    reader(R, "Fern=fern", now="2026-03-02 06:00")
    choose(empty=True)
    fetch([MOSS], "2026-03-02", "2026-03-02 06:30")
    serve("2026-03-02 06:31")
    html = mails(outbox)[0].get_body(("html",)).get_content()
    page = BeautifulSoup(html, "lxml").find("a", string="On the web")["href"].partition("example.org")[2]
    shown = " ".join(BeautifulSoup(client.get(page).content, "lxml").get_text(" ").split())
    assert "Nothing for you this time : nothing matched your topics" in shown
    assert "On moss has no “fern”" in shown
