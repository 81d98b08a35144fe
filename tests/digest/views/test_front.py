"""The front page: a day's papers, and search."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscribers import limits
from tests.digest.views.pages import NOW, soup, text, titles
from tests.house import at, fetch, item

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)>'


@pytest.fixture
def days():
    """Two days with a gap between them."""
    robots = item("2603.00002", "Robots that fold", "A robot folds $x^2$ shirts.", upvotes=30, comments=2)
    fetch([item("2603.00001", "Moss", upvotes=3), robots], "2026-03-02", "2026-03-02 08:00")
    fetch([item("2603.00003", "Ferns", upvotes=1)], "2026-03-04", "2026-03-04 08:00")
    with time_machine.travel(at(NOW), tick=False):
        yield


def test_the_front_page_is_the_newest_day_and_leads_to_the_one_before(client, days):
    page = soup(client.get("/"))
    assert text(page.h1) == "Wednesday 4 March 2026"
    assert titles(page) == ["Ferns"]
    assert page.select_one("a[rel=prev]")["href"] == "/day/2026-03-02/"
    assert page.select_one("a[rel=next]") is None


def test_a_day_has_its_papers_the_most_noticed_first_with_what_is_known_of_them(client, days):
    page = soup(client.get("/day/2026-03-02/"))
    assert titles(page) == ["Robots that fold", "Moss"]
    first = text(page.select_one(".paper"))
    for shown in ("30 upvotes", "2 comments", "Ada Moss", "1 Mar 2026", "A robot folds x² shirts."):
        assert shown in first
    assert "2 listed = 2 Hugging Face Daily Papers" in text(page)
    assert page.select_one("a[rel=next]")["href"] == "/day/2026-03-04/"


def test_a_day_without_papers_between_two_others_says_so_and_one_before_all_is_not_there(client, days):
    assert "Nothing was listed on this day" in text(soup(client.get("/day/2026-03-03/")))
    for nowhere in ("/day/2026-03-01/", "/day/2027-01-01/", "/day/2026-02-30/", "/day/tomorrow/"):
        assert client.get(nowhere).status_code == 404


def test_before_anything_is_listed_the_front_page_says_so(client):
    assert "Nothing has been listed yet" in text(soup(client.get("/")))


def test_a_search_marks_the_words_says_why_and_counts_everything(client, days):
    page = soup(client.get("/", {"q": "robot*"}))
    assert titles(page) == ["Robots that fold"]
    assert [mark.get_text() for mark in page.select("mark")] == ["Robots", "robot"]
    assert "Why robot* as “Robots” in the title" in text(page)
    assert "3 listed since 2 March 2026 = 1 match + 2 don’t" in text(page)
    assert "Search the papers of the last 90 days" in text(page)
    assert "a word beginning “robot”" in text(page.select_one("#reads"))


def test_a_search_shows_fifty_papers_a_page_the_newest_day_first(client):
    for day, count in (("2026-01-05", 5), ("2026-03-02", 60), ("2026-03-03", 41)):
        fetch([item(f"{day[2:4]}{day[5:7]}.{day[8:]}{n:03}", f"Robot {day} {n}", upvotes=count - n)
               for n in range(count)], day, f"{day} 08:00")  # fmt: skip
    with time_machine.travel(at(NOW), tick=False):
        first = soup(client.get("/?q=robot%20-ferns"))
        pages = [first]
        while pages[-1].select_one("a[rel=next]"):
            pages.append(soup(client.get(pages[-1].select_one("a[rel=next]")["href"])))
    shown = [titles(page) for page in pages]
    assert [len(some) for some in shown] == [50, 50, 6]
    expected = [f"Robot 2026-03-03 {n}" for n in range(41)] + [f"Robot 2026-03-02 {n}" for n in range(60)]
    assert [title for some in shown for title in some] == [*expected, *(f"Robot 2026-01-05 {n}" for n in range(5))]
    heads = [text(page.select_one(".bar h2")) for page in pages]
    assert heads == [f"{a} to {b} of 106, newest day first" for a, b in ((1, 50), (51, 100), (101, 106))]
    assert "106 listed since 5 January 2026 = 106 match + 0 don’t" in text(first)
    assert pages[2].select_one("a[rel=prev]")["href"] == pages[0].select_one("a[rel=next]")["href"]
    assert pages[1].select_one("a[rel=prev]")["href"] == "/?q=robot%20-ferns"
    assert first.select_one("a[rel=prev]") is None


def test_a_page_that_a_search_does_not_have_is_not_there(client, days):
    for wrong in ("0", "-1", "2", "x", "", "1.5", "٢", "9" * 30):
        assert client.get("/", {"q": "robot*", "page": wrong}).status_code == 404, wrong
    assert client.get("/", {"q": "nothing", "page": "1"}).status_code == 200


def test_a_search_that_cant_be_read_shows_where_and_how_to_mend_it(client, days):
    page = soup(client.get("/", {"q": "moss (robot*"}))
    assert page.select_one(".caret").get_text().split("\n")[:2] == ["moss (robot*", "     ^"]
    assert "never closed" in text(page.select_one("#q-wrong"))
    assert page.select_one("#q")["value"] == "moss (robot*"
    assert not titles(page)


def test_what_strangers_wrote_is_text_and_never_markup(client):
    paper = item(
        "2603.00009", HOSTILE, HOSTILE, authors=[{"name": HOSTILE, "hidden": False}], githubRepo="javascript:x"
    )
    fetch([paper], "2026-03-04", "2026-03-04 08:00")
    with time_machine.travel(at(NOW), tick=False):
        for address in ("/", "/?q=alert", f"/?q={HOSTILE}", "/p/2603.00009", f"/join/?q={HOSTILE}&name={HOSTILE}",
                        "/join/?q=alert"):  # fmt: skip
            page = soup(client.get(address))
            assert not page.select("script:not([src='/static/digest/topic.js']), img, [onerror]"), address
            assert not page.select('a[href^="javascript"]')
    assert HOSTILE in soup(client.get("/")).select_one(".paper h3").get_text()


def test_opening_pages_writes_nothing(client, days):
    for address in ("/", "/day/2026-03-02/", "/?q=robot*", "/p/2603.00002", "/join/", "/join/?q=robot*"):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            soup(client.get(address))
            client.head(address)
        assert not [q["sql"] for q in seen if not q["sql"].startswith("SELECT")]


def test_a_day_takes_few_questions_to_the_database_however_many_papers_it_has(client, django_assert_max_num_queries):
    fetch([item(f"2603.{n:05}") for n in range(60)], "2026-03-04", "2026-03-04 08:00")
    with django_assert_max_num_queries(8):
        assert len(titles(soup(client.get("/")))) == 60


def test_the_front_page_takes_no_post(client):
    assert client.post("/").status_code == 405


def test_a_machine_that_searches_without_end_is_told_to_wait(client, days, monkeypatch):
    monkeypatch.setattr(limits, "SEARCHES", 2)
    assert [client.get("/?q=moss").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/").status_code == 200
