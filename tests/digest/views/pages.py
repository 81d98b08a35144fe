"""What tests of the pages share: opening them, reading them, and links as mails carry them."""

import re
from datetime import UTC, datetime
from typing import Any

from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client

from subscribers.links import sign
from subscribers.models import Subscriber
from tests.house import at

NOW = "2026-03-04 12:00"
HIDDEN = ("was_text", "was_boxes", "options", "ready", "opened")  # what the form of a topic brings back unseen


def soup(response: Any, status: int = 200) -> BeautifulSoup:
    """A page, which must answer with this status."""
    assert response.status_code == status, response.content[:300]
    return BeautifulSoup(response.content, "lxml")


def text(page: Any) -> str:
    """What somebody reads, in one line."""
    return " ".join(page.get_text(" ").split())


def titles(page: BeautifulSoup) -> list[str]:
    return [" ".join(h.get_text().split()) for h in page.select(".paper h3 a")]


def token(purpose: str, person: Subscriber, moment: datetime | str | None = None) -> str:
    """A token as a mail carries it."""
    if isinstance(moment, str):
        moment = at(moment)
    subject = f"{person.key}:{moment.astimezone(UTC):%Y%m%dT%H%M%S}" if moment else person.key
    return sign(settings.LINK_KEY.encode(), purpose, subject)


def fields(page: BeautifulSoup) -> dict[str, str]:
    """What the form of a topic would bring back as it stands, without what else is on its page."""
    part = [one for step in page.select("#topic, #brings, #options") for one in step.select("[name]")]
    hidden = page.select(", ".join(f"input[type=hidden][name={name}]" for name in HIDDEN))
    found = {}
    for one in [*hidden, *part]:
        ticked = one.get("type") not in ("checkbox", "radio") or one.has_attr("checked")
        if one.name == "textarea":
            found[one["name"]] = one.get_text()
        elif one.name == "select":
            found[one["name"]] = one.select_one("[selected]")["value"]
        elif one.name == "input" and ticked:
            found[one["name"]] = one.get("value", "")
    return found


def stamp(page: BeautifulSoup) -> str:
    return page.select_one("input[name=made]")["value"]


def sign_up(client: Client, made: str, **typed: Any) -> Any:
    """The form, filled in and sent."""
    usual = {"q": "robot*", "email": "new@example.org", "zone": "Europe/Berlin", "at": "07:30", "days": ["mon", "fri"]}
    return client.post("/join/", {**usual, "made": made, "website": "", "do": "join", **typed})


def link_in(mail: Any, page: str) -> str:
    """The path of the first link to this page in a mail's text."""
    found = re.search(rf"https://papers\.example\.org(/{page}/[\w-]+)\s", mail.get_body(("plain",)).get_content())
    assert found, f"no link to /{page}/"
    return found[1]
