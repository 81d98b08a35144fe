"""What a card's template sees of a paper: plain data, clean and bounded. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from digest.mail import days
from digest.mail.foreign import clean, cut, fit, web_link
from digest.sources.listing import Facts
from subscribers.query.tex import readable

TITLE_MOST, NAME_MOST = 300, 100  # characters
AUTHORS_SHOWN, ORGANISATIONS_SHOWN = 3, 2
# A link whose words begin with another address than its own is what phishing looks like, to filters and to people.
ADDRESS = re.compile(r"\W*(?:[a-z][a-z0-9+.-]*://|[\w-]+(?:\.[\w-]+)+/)", re.IGNORECASE)
SOURCES = {"huggingface.co": "Hugging Face", "arxiv.org": "arXiv"}


def paper_title(facts: Facts) -> str:
    """The title as a reader sees it, at most 300 characters; the key of a paper without one."""
    return cut(_visible(readable(facts.title)) or clean(facts.key), TITLE_MOST)


def _visible(text: str) -> str:
    """The text, or "" when nothing of it would be seen."""
    return text if fit(text).strip() else ""


def page_url(site_url: str, key: str) -> str:
    """The page of a paper."""
    return f"{site_url}/p/{quote(fit(key), safe='/:')}"


def plain(facts: Facts, page: str) -> dict[str, Any]:
    """Everything besides title and abstract."""
    names = [cut(name, NAME_MOST) for name in map(clean, facts.authors) if name]
    organisations = [cut(name, NAME_MOST) for name in map(clean, facts.organisations) if name]
    return {
        "key": clean(facts.key),
        "page": page,
        "linked": ADDRESS.match(paper_title(facts)) is None,
        "authors": names[:AUTHORS_SHOWN],
        "more_authors": max(0, len(names) - AUTHORS_SHOWN),
        "organisations": organisations[:ORGANISATIONS_SHOWN],
        "more_organisations": max(0, len(organisations) - ORGANISATIONS_SHOWN),
        "upvotes": facts.upvotes,
        "comments": facts.comments,
        "date": days.short(clean(facts.published or facts.listed)),
        "links": links(facts),
    }


def links(facts: Facts) -> list[dict[str, str]]:
    """The paper's links elsewhere: `name`, `url`; only http and https, each once."""
    arxiv = f"https://arxiv.org/{{}}/{quote(facts.arxiv)}" if facts.arxiv else ""
    named = (
        ("arXiv", arxiv.format("abs")),
        ("PDF", arxiv.format("pdf")),
        ("Code", web_link(facts.code)),
        ("Project", web_link(facts.project)),
        (_source_name(facts.link), web_link(facts.link)),
    )
    seen: dict[str, str] = {}
    for name, url in named:
        if url:
            seen.setdefault(url, name)
    return [{"name": name, "url": url} for url, name in seen.items()]


def _source_name(link: str) -> str:
    return SOURCES.get(urlsplit(link).hostname or "", "Source") if web_link(link) else ""
