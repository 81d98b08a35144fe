"""One paper's page."""

import pytest

from digest.models import Identity, Paper
from digest.sources.listing import Facts
from digest.views.cards import card
from tests.digest.views.pages import soup, text
from tests.house import fetch, item

pytestmark = pytest.mark.django_db


def test_a_paper_is_found_by_its_key_and_by_its_arxiv_id_with_a_version(client):
    fetch([item("2603.00001", "Moss", "All about moss.", upvotes=1)], "2026-03-02", "2026-03-02 08:00")
    for address in ("/p/2603.00001", "/p/2603.00001v2", "/p/arXiv:2603.00001"):
        page = soup(client.get(address))
        assert text(page.h1) == "Moss"
    assert "All about moss." in text(page)
    assert "1 upvote ·" in text(page)
    assert "Hugging Face Daily Papers, 2 Mar 2026" in text(page)
    assert [a["href"] for a in page.select("a.button")][:2] == [
        "https://arxiv.org/abs/2603.00001",
        "https://arxiv.org/pdf/2603.00001",
    ]


def test_of_very_many_authors_the_page_says_how_many_it_leaves_out(client):
    names = [{"_id": str(n), "name": f"Ada Moss {n}", "hidden": False} for n in range(546)]
    fetch([item("2603.00001", authors=names), item("2603.00002", authors=names[:500])], "2026-03-02",
          "2026-03-02 08:00")  # fmt: skip
    shown = text(soup(client.get("/p/2603.00001")).select_one(".names"))
    assert shown.startswith("Ada Moss 0 , Ada Moss 1")
    assert shown.endswith("Ada Moss 499 and 46 more")
    assert text(soup(client.get("/p/2603.00002")).select_one(".names")).endswith("Ada Moss 499")


@pytest.mark.parametrize("key", ["10.1000/a/b;c(1)", "feed:https://example.org/x?y=1#z", "feed:ä ö %2F"])
def test_a_key_may_hold_slashes_and_other_signs(client, key):
    paper = Paper.objects.create(key=key, facts={"key": key, "title": "Odd"}, first_day="2026-03-02",
                                 first_seen="2026-03-02T08:00Z")  # fmt: skip
    Identity.objects.create(key=f"guid:{key}", paper=paper)
    address = card(Facts.from_json(paper.facts)).url
    assert text(soup(client.get(address)).h1) == "Odd"


def test_a_paper_merged_into_another_leads_to_that_one(client):
    whole = Paper.objects.create(key="2603.00001", facts={"key": "2603.00001", "title": "Whole"},
                                 first_day="2026-03-02", first_seen="2026-03-02T08:00Z")  # fmt: skip
    Paper.objects.create(key="10.1/x", facts={"key": "10.1/x", "title": "Part"}, first_day="2026-03-02",
                         first_seen="2026-03-02T08:00Z", merged_into=whole)  # fmt: skip
    assert text(soup(client.get("/p/10.1/x")).h1) == "Whole"


@pytest.mark.parametrize("key", ["2603.99999", "%00", "x" * 400, "../../etc/passwd", "%F0%9F%8C%BF", "%ff"])
def test_an_unknown_paper_is_a_404_in_our_words(client, key):
    page = soup(client.get(f"/p/{key}"), 404)
    assert "Nothing is here" in text(page)


def test_a_paper_without_a_title_is_called_by_its_key(client):
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 08:00")
    Paper.objects.update(facts={"key": "2603.00001", "title": "\u202e\u200b"})
    assert text(soup(client.get("/p/2603.00001")).h1) == "2603.00001"
