"""Invented items and pages in the shapes of Hugging Face Daily Papers, for the tests of this folder."""

from __future__ import annotations

import json
from copy import deepcopy
from html import escape
from typing import Any

NEW: dict[str, Any] = {
    "paper": {
        "id": "2611.94001",
        "authors": [
            {"_id": "a1", "name": "Odalys Fennimore", "hidden": False},
            {
                "_id": "a2",
                "user": {
                    "_id": "u1",
                    "avatarUrl": "/avatars/u1.svg",
                    "fullname": "Bram",
                    "user": "bram",
                    "type": "user",
                },
                "name": 'Bram "Tern" Oyelaran',
                "status": "claimed_verified",
                "statusLastChangedAt": "2026-11-24T08:00:00.000Z",
                "hidden": True,
            },
        ],
        "mediaUrls": ["https://cdn.example.org/m/1.png"],
        "publishedAt": "2026-11-23T00:00:00.000Z",
        "submittedOnDailyAt": "2026-11-24T00:00:00.000Z",
        "title": "Moss Grows on Silicon",
        "submittedOnDailyBy": {"_id": "u2", "fullname": "Pia 🪴 ", "user": "pia", "type": "user", "name": "pia"},
        "summary": "We grow moss on silicon and measure <10 watts.",
        "upvotes": 21,
        "discussionId": "d1",
        "githubRepo": "https://code.example.org/fennimore/moss",
        "githubRepoAddedBy": "user",
        "githubStars": 12,
        "projectPage": " https://moss.example.org",
        "ai_summary": "Moss.",
        "ai_keywords": ["moss", "silicon  gardens"],
        "organization": {"_id": "o1", "name": "fernhill", "fullname": "Fernhill Research & Development"},
    },
    "publishedAt": "2026-11-22T19:00:00.000Z",
    "title": "Moss Grows on Silicon",
    "summary": "We grow moss on silicon and measure <10 watts.",
    "thumbnail": "https://cdn.example.org/t/1.png",
    "numComments": 3,
    "submittedBy": {"_id": "u2", "fullname": "Pia 🪴 ", "name": "pia", "type": "user", "isPro": False},
    "organization": {"_id": "o1", "name": "fernhill", "fullname": "Fernhill Research & Development"},
    "isAuthorParticipating": False,
}

OLD: dict[str, Any] = {
    "paper": {
        "id": "2407.04002",
        "authors": [{"_id": "b1", "name": "Teodor Quillfeather", "hidden": False}],
        "publishedAt": "2024-07-30T17:55:01.000Z",
        "title": "Lichen as a Prior for\n  Slow Computation",
        "summary": "Lichen is slow.\nSo are we.",
        "upvotes": 4,
    },
    "publishedAt": "2024-08-01T02:11:00.000Z",
    "title": "Lichen as a Prior for Slow Computation",
    "mediaUrl": "https://cdn.example.org/m/2.mp4",
    "numComments": 1,
}


def new_item(number: int = 1, **paper: Any) -> dict[str, Any]:
    """An item of 2026 with its own id; keyword arguments replace keys of `paper`, None takes a key out."""
    return _changed(NEW, {"id": f"2611.{94000 + number:05d}", **paper})


def old_item(number: int = 1, **paper: Any) -> dict[str, Any]:
    """An item of 2024."""
    return _changed(OLD, {"id": f"2407.{4000 + number:05d}", **paper})


def body(*items: Any) -> bytes:
    """What the API answers."""
    return json.dumps(list(items), ensure_ascii=False).encode()


def card(item: dict[str, Any]) -> str:
    """An item as a card of the web page."""
    paper = item["paper"]
    return f"""<div><article class="relative flex"><a href="/papers/{paper["id"]}"><img src="t.png"></a>
      <div class="leading-none">Submitted by <img alt=""> pia</div>
      <a href="/login?next=%2Fpapers%2F{paper["id"]}"><div class="shadow">
        <div class="leading-none">{paper.get("upvotes") or "-"}</div></div></a>
      <h3><a href="/papers/{paper["id"]}" class="x">{escape(paper["title"])}</a></h3>
      <ul><li title="somebody"></li><li><div>2 authors</div></li></ul>
      <a href="/papers/{paper["id"]}#community">{item["numComments"]}</a></article></div>"""


def page(
    items: list[dict[str, Any]], *, props: dict[str, Any] | str | None = None, cards: bool = True, heading: str = ""
) -> bytes:
    """The web page: data and cards. `props` replaces the data (a text: as it stands); heading is an ISO day."""
    data = {"dateString": "2026-11-24", "periodType": "day", "dailyPapers": items} if props is None else props
    raw = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    time = f'<time datetime="{heading}T00:00:00.000Z">24</time>' if heading else ""
    shown = "".join(card(item) for item in items) if cards else ""
    return f"""<!doctype html><html><head><title>Daily Papers</title></head><body class="x DailyPapersPage"><main>
      <div data-target="DailyPapersBannerSubscribe" data-props="{{}}"></div>
      <div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{escape(raw)}">{time}{shown}
      </div></main></body></html>""".encode()


def _changed(item: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    mine = deepcopy(item)
    mine["paper"].update({name: value for name, value in changes.items() if value is not None})
    for name in (name for name, value in changes.items() if value is None):
        mine["paper"].pop(name, None)
    return mine
