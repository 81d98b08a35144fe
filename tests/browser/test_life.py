"""The life of a reader in a real browser, with JavaScript and without."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from subscribers.models import Subscriber
from tests.house import fetch, item, mails, run

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.slow]
R = "reader@example.org"


@pytest.fixture
def today(migrated) -> datetime:
    """Two papers are listed today, by the clock that the pages read."""
    now = datetime.now(UTC)
    robots = item("2603.00001", "A Robot That Folds Paper", "It folds.", upvotes=12)
    fetch([robots, item("2603.00002", "Moss in Winter", "It is green.")], now.date(), now - timedelta(seconds=5))
    return now


def serve(after: timedelta = timedelta(0)) -> None:
    now = datetime.now(UTC) + after
    run("publish", now=now)
    run("deliver", "--until-empty", now=now)


def open_link(page: Page, outbox: Path, kind: str) -> None:
    """Open the link of the newest mail that has one of this kind."""
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(outbox)]
    links = [link for text in texts for link in re.findall(rf"https://\S+(/{kind}/[\w-]+)\s", text)]
    page.goto(urlsplit(links[-1]).path)


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def search_and_join(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="Moss in Winter")).to_be_visible()
    page.get_by_label("Search the papers").fill("robot*")
    press(page, "Search")
    expect(page.locator("mark").first).to_have_text("Robot")
    expect(page.get_by_role("link", name="Moss in Winter")).to_have_count(0)
    page.get_by_role("link", name="Get these by mail").click()
    expect(page.locator("#brings")).to_contain_text("1 kept + 1 dropped")
    page.get_by_label("As text").fill("robot* OR (moss")
    press(page, "Show what it would bring")
    expect(page.locator(".caret")).to_contain_text("^")
    page.get_by_label("As text").fill("robot*")
    press(page, "Show what it would bring")
    page.get_by_label("Its name in your mail").fill("Robots")
    page.get_by_label("Your address").fill(R)
    page.get_by_label("On the clocks of").fill("Europe/Berlin")
    page.wait_for_timeout(1_100)  # a form that is sent within a second was filled in by a program
    press(page, "Send me the digest")
    heading(page, "Check your mail")


def confirm_and_read(page: Page, outbox: Path) -> None:
    serve()
    open_link(page, outbox, "confirm")
    assert Subscriber.objects.get().state == "pending"
    press(page, "Yes, send me the digest")
    heading(page, "Welcome")
    assert Subscriber.objects.get().state == "active"
    serve(timedelta(seconds=1))
    open_link(page, outbox, "l")
    expect(page.locator(".paper h3")).to_have_count(1)
    expect(page.locator(".why")).to_contain_text("robot* as “Robot” in the title")


def change_topics(page: Page) -> None:
    page.get_by_role("link", name="Topics, schedule, pause").click()
    heading(page, "My digests")
    page.get_by_role("link", name="Add a topic").click()
    heading(page, "Add a topic")
    page.get_by_label("As text").fill("moss OR")
    press(page, "Add this topic")
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
    expect(page.locator(".caret")).to_contain_text("^")
    page.get_by_label("As text").fill("moss OR fern")
    press(page, "Add this topic")
    expect(page.get_by_role("status")).to_contain_text("The topic is added")
    page.get_by_role("link", name="Edit Robots").click()
    heading(page, "Robots")
    page.get_by_label("None of").fill("survey")
    press(page, "Save this topic")
    expect(page.get_by_role("status")).to_contain_text("The topic is saved")
    press(page, "Mute Robots")
    press(page, "Unmute Robots")
    page.get_by_text("that you don’t follow yet").click()
    press(page, "Follow Science")
    expect(page.locator(".topic").last).to_contain_text("follows “Science”")
    press(page, "Remove Science")
    topics = Subscriber.objects.get().topics.order_by("id").values_list("name", "text")
    assert list(topics) == [("Robots", "robot* -survey"), ("moss OR fern", "moss OR fern")]


def pause_and_leave(page: Page, outbox: Path) -> None:
    press(page, "Pause")
    expect(page.get_by_role("status")).to_contain_text("Paused")
    press(page, "Go on")
    expect(page.get_by_role("status")).to_contain_text("Welcome back")
    open_link(page, outbox, "leave")
    expect(page.locator("main")).to_contain_text("r••••@example.org")
    assert Subscriber.objects.get().state == "active"
    press(page, "Stop all mail")
    heading(page, "You have left")
    assert Subscriber.objects.get().state == "left"


def test_a_reader_lands_searches_joins_reads_changes_topics_pauses_and_leaves(page, today, outbox):
    search_and_join(page)
    confirm_and_read(page, outbox)
    change_topics(page)
    pause_and_leave(page, outbox)


def test_everything_on_the_front_page_is_reached_by_the_keyboard(page, today):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("Search the papers").focus()
    page.keyboard.type("moss")
    page.keyboard.press("Enter")
    expect(page.locator("#reads")).to_contain_text("moss")
