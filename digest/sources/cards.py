"""The web page of Hugging Face Daily Papers, taken apart into items of the API's shape. Pure.

Structure as captured on 2024-08-01, and as described for 2026: one element with `data-target="DailyPapers"`
whose `data-props` is JSON (`dailyPapers`: the API's items; `date` or, later, `dateString`: the day shown;
`periodType`, `isTrending`, `query` where the page shows something else than a day), and inside it the same
papers as cards, `article`s without authors and abstracts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from bs4 import BeautifulSoup, Tag

from digest.sources.listing import arxiv_key
from digest.sources.untrusted import iso_day

CARDS_LIMIT = 500  # the busiest day has 78
DAY_IN_DAMAGED_DATA = re.compile(r'"date(?:String)?"\s*:\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds: its data, and its cards as items of the API's shape."""

    props: dict[str, Any] | None  # None: missing or damaged
    damage: str  # why there are no data, in words for the operator; "" when there are
    cards: tuple[dict[str, Any], ...]
    shown_day: date | None


def take_apart(text: str) -> Page:
    """The page's data, cards and day; what is missing or damaged is empty."""
    # A processing instruction would make BeautifulSoup warn that this might be XML; to HTML it means nothing.
    soup = BeautifulSoup(text.replace("<?", "&lt;?"), "lxml")
    raw = _raw_props(soup)
    props = _as_object(raw)
    return Page(props, _damage(raw, props), _cards(soup), _shown_day(soup, raw, props))


def other_than_a_day(props: dict[str, Any]) -> str:
    """What the page shows when it shows no day: "a week", "trending papers" ...; "" for a day."""
    period = props.get("periodType")
    if period in ("week", "month"):
        return f"a {period}"
    if props.get("isTrending") is True:
        return "trending papers"
    return "the results of a search" if isinstance(props.get("query"), str) and props["query"] else ""


def _raw_props(soup: BeautifulSoup) -> str | None:
    """`data-props` of the element that is exactly DailyPapers: DailyPapersBannerSubscribe is another."""
    for element in soup.find_all(None, {"data-target": "DailyPapers"}):
        raw = element.get("data-props")
        if isinstance(raw, str):
            return raw
    return None


def _as_object(raw: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(raw or "null")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _damage(raw: str | None, props: dict[str, Any] | None) -> str:
    if raw is None:
        return "it has no DailyPapers data, or they break off"
    if props is None:
        return "its DailyPapers data are damaged"
    return "" if isinstance(props.get("dailyPapers"), list) else "its DailyPapers data list no papers"


def _shown_day(soup: BeautifulSoup, raw: str | None, props: dict[str, Any] | None) -> date | None:
    """The day that the page says it shows: by its data, even damaged, else by the date in its heading."""
    if props is not None:
        said = iso_day(props.get("dateString")) or iso_day(props.get("date"))
    else:
        found = DAY_IN_DAMAGED_DATA.search(raw or "")
        said = iso_day(found[1]) if found else None
    return said or _heading_day(soup)


def _heading_day(soup: BeautifulSoup) -> date | None:
    for time in soup.select("time[datetime]"):
        if time.find_parent("article") is None:  # a time inside a card is the paper's own
            return iso_day(time.get("datetime"))
    return None


def _cards(soup: BeautifulSoup) -> tuple[dict[str, Any], ...]:
    """The cards, one an article at most: each looks through its article, so repeats would cost much time."""
    found: dict[int, dict[str, Any]] = {}
    for anchor in soup.select('h3 a[href^="/papers/"]', limit=CARDS_LIMIT):
        article = anchor.find_parent("article")
        place = id(anchor) if article is None else id(article)
        card = None if place in found else _card(anchor, article)
        if card is not None:
            found[place] = card
    return tuple(found.values())


def _card(anchor: Tag, article: Tag | None) -> dict[str, Any] | None:
    """One card; only arXiv ids count here, since other pages under /papers/ have headings too.

    The person named on a card submitted the paper to the list and is not its author.
    """
    identity = str(anchor.get("href", "")).removeprefix("/papers/").partition("?")[0].partition("#")[0]
    if not arxiv_key(identity):
        return None
    votes = _number(article, 'a[href^="/login"] div.leading-none')
    comments = _number(article, 'a[href$="#community"]')
    return {"paper": {"id": identity, "title": anchor.get_text(), "upvotes": votes}, "numComments": comments}


def _number(article: Tag | None, selector: str) -> int | None:
    """The number that the first such element shows; "-" stands for 0 on later layouts."""
    element = article.select_one(selector) if article else None
    text = element.get_text().strip().replace(",", "") if element else ""
    if text == "-":
        return 0
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
