"""A phone, and words without an end: nothing is wider than its screen, in mails and on the pages they link to."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from digest.mail import samples
from digest.mail.compose import compose_notice
from subscribers.models import Subscriber
from tests.digest.mail.invented import MESSAGE_ID, NOW, READER, SITE, wording
from tests.digest.mail.reading import read
from tests.house import fetch, item, mails, reader, run

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.slow]
WIDTH = 360  # pixels
R = "reader@example.org"
WORD = "Donaudampfschifffahrtsgesellschaft" * 6
LONG = {
    "title": f"Moss and {WORD}",
    "summary": f"Of {WORD} we know little: https://example.org/{WORD}",
    "authors": [{"name": f"Ada {WORD}", "hidden": False}],
    "organization": {"_id": "1", "name": "moss", "fullname": WORD},
    "projectPage": f"https://example.org/{WORD}",
}
# What reaches beyond the right edge of the screen, with its beginning.
BEYOND = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.children.length
                 && !e.closest('.hide, textarea, select') && e.checkVisibility())
    .map(e => e.outerHTML.slice(0, 90))"""


@pytest.fixture
def phone(browser: Browser, live_server):
    context = browser.new_context(viewport={"width": WIDTH, "height": 800}, base_url=live_server.url)
    yield context.new_page()
    context.close()


@pytest.fixture
def now(migrated) -> datetime:
    now = datetime.now(UTC)
    fetch([item("2603.00001", **LONG), item("2603.00002", "Kelp")], now.date(), now - timedelta(seconds=5))
    return now


def fits(page: Page) -> None:
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH


def html(outbox: Path) -> str:
    return mails(outbox)[-1].get_body(("html",)).get_content()


def links(outbox: Path) -> list[str]:
    text = mails(outbox)[-1].get_body(("plain",)).get_content()
    return [urlsplit(link).path for link in re.findall(r"https?://\S+", text)]


def served(now: datetime) -> None:
    run("publish", now=now)
    run("deliver", "--until-empty", now=now)


def test_a_digest_and_the_pages_that_it_links_to(phone, now, outbox):
    reader(R, f"{WORD[:100]}=moss OR {WORD}", now=now)
    served(now)
    phone.set_content(html(outbox))
    fits(phone)
    found = links(outbox)
    web = next(link for link in found if link.startswith("/l/"))
    me = next(link for link in found if re.fullmatch(r"/me/[^/]+", link))
    topic = f"{me}/topic/{Subscriber.objects.get().topics.get().pk}"
    paper = next(link for link in found if link.startswith("/p/"))
    for page in (web, me, topic, f"{topic}/less", paper, f"{me}/why/{now.date().isoformat()}"):
        phone.goto(page)
        fits(phone)


def test_a_mail_that_says_there_is_nothing_and_its_page(phone, now, outbox):
    reader(R, f"{WORD[:100]}=moss {WORD}x", now=now)
    Subscriber.objects.update(empty_too=True)
    served(now)
    phone.set_content(html(outbox))
    fits(phone)
    phone.goto(next(link for link in links(outbox) if link.startswith("/l/")))
    fits(phone)


@pytest.mark.parametrize("kind", ["confirm", "known", "welcome", "goodbye", "alert"])
def test_the_other_mails(phone, kind):
    longest = replace(READER, email=f"{WORD[:64]}@{'.'.join([WORD[:60]] * 3)}.org")
    for said in samples.notices(kind, SITE.url).values():
        phone.set_content(read(compose_notice(kind, wording(kind), SITE, longest, said, MESSAGE_ID, NOW)).html)
        fits(phone)
