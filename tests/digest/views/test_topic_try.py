"""A filter tried by anybody: both sides, what it means, what it brings, and what is wrong."""

import re

import pytest
import time_machine

from subscribers import limits
from subscribers.models import ReadyTopic
from tests.digest.views.pages import NOW, fields, soup, text
from tests.house import at, fetch, item

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)>'
LONG = "It says many things of which none matters much before it comes to speak of "


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(at(NOW), tick=False):
        yield


@pytest.fixture
def papers():
    listed = [
        item("2603.00001", "Agents that fold", "LLM agents.", upvotes=30),
        item("2603.00002", "A survey of agents", "LLM agents.", upvotes=50),
        item("2603.00003", "Agents at rest", "Of LLM.", upvotes=6),
        item("2603.00004", "Moss", "Green.", upvotes=2, authors=[{"name": "Ilka Quorndal", "hidden": False}]),
        item("2603.00005", "Ferns", f"{LONG}caches of light. {LONG}", upvotes=9),
    ]
    fetch(listed, "2026-03-04", "2026-03-04 08:00")


BOXES = {"all": "LLM agents", "none": "survey", "upvotes": "20", "always": "I Quorndal"}
TEXT = '(LLM agents upvotes:>=20 -survey) OR author:"I Quorndal"'


def kept(page):
    return [text(one) for one in page.select("#brings .split > div:first-child li a")]


def dropped(page):
    return [text(one) for one in page.select("#brings .dropped li")]


def test_boxes_become_text_and_text_becomes_boxes_and_both_bring_the_same(client, papers):
    by_boxes = soup(client.post("/try/", {**BOXES, "q": "", "do": "preview"}))
    assert by_boxes.select_one("#q").get_text() == TEXT
    by_text = soup(client.post("/try/", {"q": TEXT, "do": "preview"}))
    shown = fields(by_text)
    assert {name: shown[name] for name in BOXES} == {**BOXES, "all": "agents llm", "always": "i quorndal"}
    assert kept(by_boxes) == kept(by_text) == ["Agents that fold", "Moss"]
    assert dropped(by_boxes) == dropped(by_text)


def test_kept_and_dropped_stand_side_by_side_with_marks_and_the_clause_that_failed(client, papers):
    page = soup(client.get("/try/", {"q": TEXT}))
    assert "5 listed in the last 7 days = 2 kept + 3 dropped" in text(page)
    assert dropped(page) == [
        "A survey of agents ▲ 50 · left out: has “survey” in the title",
        "Agents at rest ▲ 6 · has 6 upvotes, not at least 20 upvotes",
        "Ferns ▲ 9 · has no “agents” in title or abstract; has no “llm” in title or abstract; "
        "has 9 upvotes, not at least 20 upvotes",
    ]
    assert [text(mark) for mark in page.select(".dropped mark")] == ["agents", "Agents"]
    assert text(page.select_one(".struck")) == "survey"
    assert text(page.select_one("#means")).startswith("Papers with")


def test_the_side_that_was_changed_leads(client, papers):
    shown = fields(soup(client.get("/try/", {"q": "moss fern"})))
    by_box = fields(soup(client.post("/try/", {**shown, "none": "kelp"})))
    assert by_box["q"] == "fern moss -kelp"
    by_text = fields(soup(client.post("/try/", {**by_box, "q": "moss OR kelp"})))
    assert (by_text["any"].split(), by_text["all"], by_text["none"]) == (["kelp", "moss"], "", "")
    same = fields(soup(client.post("/try/", by_text)))
    assert same == by_text
    both = soup(client.post("/try/", {**by_text, "q": "algae", "all": "lichen"}))
    assert "the text was taken" in text(both)
    assert (fields(both)["q"], fields(both)["all"]) == ("algae", "algae")


def test_a_text_that_says_more_than_boxes_can_stays_text(client, papers):
    page = soup(client.post("/try/", {"q": "(moss OR fern) (kelp OR algae)", **BOXES}))
    assert "This text says more than the boxes can hold" in text(page)
    assert not page.select("#all")
    again = fields(page)
    simple = soup(client.post("/try/", {**again, "q": "moss"}))
    assert simple.select_one("#all")["value"] == "moss"


def test_what_can_t_be_read_shows_where_and_offers_a_mend(client, papers):
    page = soup(client.post("/try/", {"q": "moss (robot* OR grasp* -survey"}))
    assert page.select_one(".caret i") is not None
    mend = page.select_one("button[name=mend]")["value"]
    assert mend == "moss (robot* OR grasp*) -survey"
    mended = soup(client.post("/try/", {**fields(page), "mend": mend}))
    assert mended.select_one("#q").get_text() == mend
    assert not mended.select(".note.bad")
    assert mended.select_one("#all")["value"] == "moss"
    assert "taken" not in text(mended.select_one("#topic"))


def test_a_box_that_can_t_be_read_is_an_error_of_the_text_and_stays_as_typed(client, papers):
    page = soup(client.post("/try/", {"all": '("moss', "upvotes": "many"}))
    assert page.select_one("#q-wrong") is not None
    assert (page.select_one("#all")["value"], page.select_one("#upvotes")["value"]) == ('("moss', "many")


def test_a_word_that_no_paper_has_is_spelled_as_papers_spell_it(client, papers):
    page = soup(client.get("/try/", {"q": "Agants -moss"}))
    note = page.select_one(".note.warn")
    assert "None of the papers of the last 90 days (5) has “agants”" in text(note)
    assert "Did you mean agents ? 3 papers have it." in text(note)
    assert note.select_one("button")["value"] == "agents -moss"


def test_the_score_says_what_falls_below_the_threshold_and_beyond_the_cap(client, papers):
    options = {"q": "*", "options": "1", "threshold": "30", "cap": "1", "boosts": "-5 agents"}
    page = soup(client.post("/try/", options))
    assert "5 kept = 1 in the mail + 4 behind “more”" in text(page)
    lines = [text(one) for one in page.select("#brings .split > div:first-child li")]
    assert [re.search(r"score (\d+)", line)[1] for line in lines] == ["38", "38", "27", "13", "0"]
    reasons = [line.partition("behind “more”: ")[2] for line in lines]
    assert reasons == ["", "beyond the cap", *["below the threshold"] * 3]


def test_where_no_word_of_the_title_is_marked_the_abstract_is_quoted(client, papers):
    (line,) = soup(client.get("/try/", {"q": "caches"})).select("#brings .split > div:first-child li")
    assert text(line.select_one("mark")) == "caches"
    assert "matters much before it comes to speak of caches of light. It says" in text(line)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("2603.00001", "Yes. Agents that fold Because: “agents” in the title"),
        ("https://arxiv.org/abs/2603.00001v2", "Yes. Agents that fold"),
        ("https://huggingface.co/papers/2603.00003", "No. Agents at rest has 6 upvotes, not at least 20 upvotes; and"),
        ("https://papers.example.org/p/2603.00002", "No. A survey of agents left out: has “survey” in the title"),
        ("2603.99999", "Not found."),
        ("\x00", "Not found."),
        (HOSTILE, "Not found."),
    ],
)
def test_one_paper_is_explained(client, papers, name, said):
    page = soup(client.post("/try/", {"q": TEXT, "one": name}))
    assert text(page.select_one("#one-says")).startswith(said)


def test_nothing_that_matches_and_nothing_listed_are_said(client, papers):
    page = soup(client.get("/try/", {"q": "zebra"}))
    assert "Nothing at all. It matches none of the 5 papers of the last 90 days" in text(page)
    assert "Expect none" in text(page)


def test_before_anything_is_listed_there_is_nothing_to_try_it_on(client):
    assert "Nothing to try it on" in text(soup(client.get("/try/", {"q": "moss"})))


def test_the_chart_has_a_bar_a_day_and_says_itself_in_words(client, papers):
    fetch([item("2602.00009", "Agents of old")], "2026-02-20", "2026-03-04 09:00", "huggingface", "--backfill")
    chart = soup(client.get("/try/", {"q": "agents"})).select_one("svg.chart")
    bars = [int(bar["height"]) for bar in chart.select("rect")]
    assert len(bars) == 30
    assert {place: high for place, high in enumerate(bars) if high} == {17: 14, 29: 42}
    assert chart["aria-label"] == "Matches a day over the last 30 days: from 0 to 3, 4 in all, today 3"


def test_what_strangers_wrote_is_text_and_never_markup(client):
    fetch([item("2603.00009", HOSTILE, HOSTILE, authors=[{"name": HOSTILE, "hidden": False}])], "2026-03-04",
          "2026-03-04 08:00")  # fmt: skip
    for typed in (
        {"q": "alert", "one": "2603.00009"}, {"q": "-alert"}, {"q": HOSTILE}, {"any": HOSTILE, "boosts": HOSTILE},
        {"q": "alert", "name": HOSTILE, "note": HOSTILE, "cap": HOSTILE, "ready": HOSTILE, "mend": HOSTILE},
    ):  # fmt: skip
        page = soup(client.post("/try/", {"options": "1", **typed}))
        assert not page.select("script:not([src='/static/digest/topic.js']), img, [onerror]"), typed


def test_the_page_may_run_its_own_script_and_no_other(client, papers):
    allowed = client.get("/try/")["Content-Security-Policy"]
    assert "script-src 'self';" in f"{allowed};"
    assert "default-src 'none';" in allowed
    assert "unsafe" not in allowed
    assert "script-src" not in client.get("/")["Content-Security-Policy"]


def test_it_is_linked_from_the_search_and_the_help_and_leads_to_subscribing(client, papers):
    assert soup(client.get("/?q=moss%20OR%20fern")).select_one('a[href^="/try/?q=moss%20OR%20fern"]') is not None
    for page in ("/help/", "/help/filters/"):
        assert soup(client.get(page)).select_one('a[href="/try/"]') is not None
    page = soup(client.get("/try/", {"q": "moss"}))
    assert page.select_one('button[formaction^="/join/"]') is not None
    joining = soup(client.post("/join/", {**fields(page), "cap": "3", "do": "preview"}))
    assert (joining.select_one("#q").get_text(), joining.select_one("#cap")["value"]) == ("moss", "3")


def test_a_ready_made_topic_is_tried(client, papers):
    robots = ReadyTopic.objects.get(name="Robots")
    assert soup(client.get(f"/try/?ready={robots.pk}")).select_one("#q").get_text() == robots.text


def test_a_machine_that_tries_without_end_is_told_to_wait(client, papers, monkeypatch):
    monkeypatch.setattr(limits, "SEARCHES", 2)
    assert [client.post("/try/", {"q": "moss"}).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/try/").status_code == 200


def test_it_takes_few_questions_to_the_database_however_many_papers_there_are(client, django_assert_max_num_queries):
    fetch([item(f"2603.{n:05}", f"Agents {n}") for n in range(60)], "2026-03-04", "2026-03-04 08:00")
    with django_assert_max_num_queries(5):
        soup(client.post("/try/", {"q": "agents -1 -2 -3", "one": "2603.00001"}))
