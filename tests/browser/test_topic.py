"""A topic made in a real browser: by boxes and by text, with an error on the way, with JavaScript and without."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from subscribers.models import Subscriber
from tests.house import fetch, item

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.slow]
TEXT = '(LLM agents upvotes:>=20 -survey) OR author:"I Quorndal" OR author:"T Marrash"'


def people(*names: str) -> list[dict[str, object]]:
    return [{"name": name, "hidden": False} for name in names]


@pytest.fixture
def last_week(migrated) -> None:
    """Papers of today, and one of the week before last."""
    now = datetime.now(UTC)
    listed = [
        item("2603.00001", "Agents That Fold", "LLM agents.", upvotes=30),
        item("2603.00002", "A Survey of Agents", "LLM agents.", upvotes=50),
        item("2603.00003", "Agents at Rest", "Of LLM.", upvotes=6),
        item("2603.00004", "Moss in Winter", "Green.", upvotes=2, authors=people("Ilka Quorndal")),
        item("2603.00005", "Ferns", "Green.", upvotes=9, authors=people("Tove Marrash", "Ada Moss")),
        item("2603.00006", "Kelp", "Brown.", upvotes=90),
    ]
    fetch(listed, now.date(), now - timedelta(seconds=5))
    before = now.date() - timedelta(days=10)
    fetch([item("2602.00001", "Agents of Old", "LLM.", upvotes=40)], before, now, "huggingface", "--backfill")


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).first.click()


def box(page: Page, label: str):
    return page.get_by_label(label).first


def kept(page: Page):
    return page.locator(".split > div:first-child li a")


def brings_what_it_should(page: Page) -> None:
    expect(kept(page)).to_have_text(["Agents That Fold", "Ferns", "Moss in Winter"])
    expect(page.locator("#brings .balance").first).to_have_text(
        re.compile(r"6 listed in the last 7 days\s*=\s*3 kept\s*\+\s*3 dropped")
    )
    expect(page.locator(".dropped li").first).to_contain_text("left out: has “Survey” in the title")
    expect(page.locator(".dropped .struck")).to_have_text("Survey")
    expect(page.locator(".counts dd")).to_have_text(["3", "3", "4"])
    expect(page.locator("#means")).to_contain_text("at least 20 upvotes")


def test_llm_agents_without_surveys_from_20_upvotes_or_by_two_people_made_by_boxes(page, last_week):
    page.goto("/")
    page.get_by_role("link", name="Subscribe").click()
    box(page, "All of").fill("LLM agents")
    box(page, "Upvotes, at least").fill("many")
    press(page, "Show what it would bring")
    expect(page.locator("#q-wrong")).to_contain_text("takes a whole number or a range")
    box(page, "Upvotes, at least").fill("20")
    box(page, "None of").fill("survey")
    box(page, "And anything by").fill("I Quorndal, T Marrash")
    press(page, "Show what it would bring")
    expect(page.get_by_label("As text")).to_have_value(TEXT)
    brings_what_it_should(page)
    box(page, "Your address").fill("reader@example.org")
    box(page, "Its name in your mail").fill("Agents")
    page.wait_for_timeout(1_100)  # a form that is sent within a second was filled in by a program
    press(page, "Send me the digest")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    assert list(Subscriber.objects.get().topics.values_list("name", "text")) == [("Agents", TEXT)]


def test_the_same_made_by_text_with_a_bracket_forgotten_and_mended(page, last_week):
    page.goto("/?q=agents")
    page.get_by_role("link", name="Try it as a topic").click()
    page.get_by_label("As text").fill("(LLM agents upvotes:>=20 -survey")
    press(page, "Show what it would bring")
    expect(page.locator(".caret")).to_contain_text("^")
    expect(page.locator("#q-wrong")).to_contain_text("This bracket is never closed")
    page.locator("#q-wrong button").click()
    expect(page.get_by_label("As text")).to_have_value("(LLM agents upvotes:>=20) -survey")
    page.get_by_label("As text").fill(TEXT)
    press(page, "Show what it would bring")
    brings_what_it_should(page)
    expect(box(page, "All of")).to_have_value("agents llm")
    expect(box(page, "None of")).to_have_value("survey")
    expect(box(page, "And anything by")).to_have_value("i quorndal, t marrash")
    box(page, "Does one paper match?").fill("https://arxiv.org/abs/2603.00003")
    press(page, "Check")
    expect(page.locator("#one-says")).to_contain_text("has 6 upvotes, not at least 20 upvotes")
    press(page, "Subscribe to this")
    expect(page.get_by_role("heading", level=1)).to_have_text("Say what you care about")
    expect(page.get_by_label("As text")).to_have_value(TEXT)


def test_enter_in_a_box_shows_what_it_brings_and_takes_no_mend(page, last_week):
    page.goto("/try/?q=agants")
    expect(page.locator("#sayings .note.warn")).to_contain_text("Did you mean agents?")
    box(page, "None of").fill("kelp")
    box(page, "None of").press("Enter")
    expect(page.get_by_label("As text")).to_have_value("agants -kelp")
    page.get_by_role("button", name="Use agents").click()
    expect(page.get_by_label("As text")).to_have_value("agents -kelp")


def test_while_somebody_types_the_other_side_follows_and_what_is_typed_stays(browser: Browser, live_server, last_week):
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.goto("/try/")
    box(page, "All of").press_sequentially("LLM agents ")
    expect(page.get_by_label("As text")).to_have_value("LLM agents")
    expect(box(page, "All of")).to_have_value("LLM agents ")
    expect(box(page, "All of")).to_be_focused()
    expect(kept(page)).to_have_count(3)
    box(page, "None of").press_sequentially("survey")
    expect(page.get_by_label("As text")).to_have_value("LLM agents -survey")
    expect(kept(page)).to_have_count(2)
    page.get_by_label("As text").fill("LLM agents -survey (")
    expect(page.locator("#q-wrong")).to_contain_text("never closed")
    page.get_by_label("As text").fill("kelp OR moss")
    expect(box(page, "Any of")).to_have_value("kelp\nmoss")
    expect(box(page, "All of")).to_have_value("")
    expect(kept(page)).to_have_count(2)
    page.get_by_label("As text").fill("(kelp OR moss) (brown OR green)")
    expect(page.locator("#boxes")).to_contain_text("it stays text")
    page.get_by_label("As text").fill("kelp")
    expect(box(page, "All of")).to_have_value("kelp")
    press(page, "Show what it would bring")
    expect(page.get_by_label("As text")).to_have_value("kelp")
    expect(page.locator("[role=status]")).to_have_count(0)
    context.close()
