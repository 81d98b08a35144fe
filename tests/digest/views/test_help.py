"""The handbook: Markdown as pages, in the site's own house."""

import re
from functools import cache

import pytest
from django.test import Client

from digest.views import help as handbook
from digest.views.handbook import Part, written
from subscribers.models import Subscriber
from tests.digest.views.pages import NOW, soup, text, token
from tests.house import reader

PAGES = ["/help/", "/help/filters/", "/help/mails/", "/help/operations/", "/help/faults/", "/help/decisions/"]
PNG = b"\x89PNG\r\n\x1a\n"


@cache
def opened(address):
    """A page of the handbook, read once for all tests: it is the same for everybody."""
    return soup(Client().get(address))


@pytest.fixture
def page(client):
    """Opens a page."""
    return lambda address: opened(address) if address in PAGES else soup(client.get(address))


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A handbook with one picture, and a secret beside the folder."""
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for name in (
        "pictures/inbox-360.png",
        "pictures/deep/x.png",
        "secret.png",
        "pictures/notes.txt",
        "pictures/.x.png",
    ):
        (tmp_path / name).write_bytes(PNG)
    monkeypatch.setattr(handbook, "DOCS", tmp_path)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_one_title_its_place_in_the_list_and_anchors_that_are_unique(page, address):
    shown = page(address)
    assert len(shown.select("h1")) == 1
    assert shown.select_one(".beside [aria-current=page]")["href"] == address
    names = [found["id"] for found in shown.select("[id]")]
    assert len(names) == len(set(names))
    assert shown.select(".beside nav:last-child a[href^='#']"), "the list of what is on the page"


@pytest.mark.parametrize("address", PAGES)
def test_every_link_of_the_handbook_leads_somewhere(page, client, address):
    for link in page(address).select("main a[href]"):
        path, _, anchor = link["href"].partition("#")
        if path.startswith("/") or not path:
            assert path in ("", "/", "/join/", "/try/", *PAGES) or path.startswith("/?q="), link
            assert not anchor or page(path or address).find(id=anchor), link
        else:
            assert path.startswith(("https://", "mailto:")), link


@pytest.mark.parametrize("file", sorted(handbook.DOCS.glob("*.md")), ids=lambda file: file.name)
def test_every_file_is_a_page_and_every_picture_is_there_and_says_what_it_shows(file):
    assert file.name in {one.file for one in handbook.PAGES}
    for picture in re.finditer(r"!\[(.*?)\]\((.*?)\)", file.read_text()):
        assert picture[1], "what it shows"
        assert handbook.PICTURE.fullmatch(picture[2].removeprefix("pictures/")), picture[2]
        assert (handbook.DOCS / picture[2]).is_file()


@pytest.mark.parametrize("address", PAGES)
def test_what_scrolls_by_itself_is_reached_by_keyboard_and_has_a_name(page, address):
    shown = page(address)
    boxes = shown.select(".prose pre, .prose .scroll")
    assert all(box["tabindex"] == "0" and box["role"] == "group" and box["aria-label"] for box in boxes)
    assert all(table.find_parent(class_="scroll") for table in shown.select("table"))
    assert not shown.select("[style], script, style")


def test_the_help_begins_with_what_a_reader_asks_and_ends_with_the_operators(page):
    asked = [text(heading) for heading in page("/help/").select(".prose h2")]
    assert asked[:8] == [
        "How do I get it?",
        "How do I say what I care about?",
        "Why did nothing come?",
        "How do I change my topics?",
        "Can it be longer or shorter? Can it say when there is nothing?",
        "How do I pause?",
        "How do I leave?",
        "What is kept about me?",
    ]
    links = [link["href"] for link in page("/help/").select(".prose ul:last-of-type a")]
    assert links == ["/help/operations/", "/help/faults/", "/help/decisions/"]


def test_a_decision_is_reached_by_its_number(page):
    shown = page("/help/decisions/")
    first = shown.find(id="n1")
    assert first.parent.name == "ol"
    assert text(first).startswith("Changes, not days.")
    assert text(shown.select_one(".beside a[href='#n1']")) == "1. Changes, not days"


def test_a_filter_of_an_example_can_be_tried_in_the_search(page):
    tried = page("/help/filters/").select_one(".filter a")
    assert tried["href"] == "/?q=%22long%20context%22%20OR%20%22kv%20cache%22"
    assert text(tried) == 'Try it : "long context" OR "kv cache"'


@pytest.mark.django_db
def test_every_page_leads_to_the_help_and_every_filter_field_to_how_filters_are_written(page):
    assert page("/").select_one('.masthead a[href="/help/"]')
    reader("ada@example.org", now=NOW)
    mine = f"/me/{token('read', Subscriber.objects.get(), NOW)}"
    for address in ("/", "/join/", "/try/", "/?q=moss", f"{mine}/topic/new"):
        assert page(address).select_one('main a[href="/help/filters/"]'), address


def test_what_is_no_page_of_the_handbook_is_the_sites_404(client):
    for address in ("/help/nothing/", "/help/readers/", "/help/filters.md/", "/help/../settings/", "/help/filters/x/"):
        assert "Nothing is here" in text(soup(client.get(address), 404))


def test_a_page_is_rendered_once(client, monkeypatch):
    client.get("/help/")
    monkeypatch.setattr(handbook, "written", None)
    assert client.get("/help/").status_code == 200


def test_the_handbook_takes_no_post(client):
    assert client.post("/help/").status_code == 405


def test_a_picture_is_served_under_its_plain_name_and_kept_long(client, pictures):
    answer = client.get("/help/pictures/inbox-360.png")
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Type"] == "image/png"
    assert int(re.fullmatch(r"max-age=(\d+)", answer["Cache-Control"])[1]) >= 7 * 24 * 3600


@pytest.mark.parametrize(
    "name",
    ["none.png", "../secret.png", "..%2Fsecret.png", "%2e%2e/secret.png", "deep/x.png", "deep%2Fx.png", "deep",
     "notes.txt", ".x.png", "inbox-360.png%00", "inbox-360.png%0A", ""],
)  # fmt: skip
def test_nothing_else_is_served_as_a_picture(client, pictures, name):
    assert client.get(f"/help/pictures/{name}").status_code == 404


def test_headings_get_anchors_as_github_makes_them_each_once():
    made = written("# T\n\n## A & b's `c`\n\n## Twice\n\n### Deep\n\n## Twice\n", "/help/")
    assert made.title == "T"
    assert made.parts == (Part("a--bs-c", "A & b's c"), Part("twice", "Twice"), Part("twice-1", "Twice"))
    assert '<h3 id="deep">' in made.html


def test_links_to_files_lead_to_pages_and_pictures():
    made = written("[a](filters.md#dates) [b](readers.md) ![c](pictures/d.png) [e](https://example.org/f.md)", "/help/")
    for address in ('href="/help/filters/#dates"', 'href="/help/"', 'src="/help/pictures/d.png"',
                    'href="https://example.org/f.md"'):  # fmt: skip
        assert address in made.html


def test_markup_in_a_text_stays_text_and_a_scripts_address_is_no_link():
    hostile = (
        '<script>x</script>\n\n[x](javascript:alert(1))\n\n```filter\n"><b>\n```\n\n## "><i>\n\n| a |\n|--:|\n| <u> |\n'
    )
    made = written(hostile, "/help/").html
    for sign in ("<script", "<b>", "<i>", "<u>", 'href="javascript', "style="):
        assert sign not in made
    assert '<td class="num">&lt;u&gt;</td>' in made
