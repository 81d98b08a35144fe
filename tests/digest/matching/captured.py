"""Real papers, where the captured listings are on this machine."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from digest.sources.listing import Facts

JUDGED = "2026-04-30"  # as if all of them were listed on one day


def captured_facts(folder: Path, days: int) -> list[Facts]:
    """The papers of the last captured days of Hugging Face, and the odd ones."""
    items: list[dict[str, Any]] = []
    for file in sorted((folder / "huggingface" / "api").glob("*.json"))[-days:]:
        items += json.loads(file.read_text("utf-8"))
    odd = (folder / "huggingface" / "odd_items.jsonl").read_text("utf-8")
    items += [json.loads(line)["item"] for line in odd.splitlines()]
    return [_facts(item) for item in items]


def _facts(item: dict[str, Any]) -> Facts:
    paper = item["paper"]
    return Facts(
        key=paper["id"],
        title=item["title"],
        abstract=paper.get("summary") or "",
        authors=tuple(author["name"] for author in paper.get("authors", ())[:40]),
        organisations=tuple([paper["organization"]["fullname"]] if paper.get("organization") else ()),
        upvotes=paper.get("upvotes", 0),
        comments=item.get("numComments", 0),
        sources=("hf",),
        code=paper.get("githubRepo") or "",
        project=paper.get("projectPage") or "",
        arxiv=paper["id"],
        keywords=tuple(paper.get("ai_keywords") or ()),
        published=paper["publishedAt"][:10],
        judged=JUDGED,
    )


def invented_filter(source: random.Random, papers: list[Facts]) -> str:
    """A filter of two or three terms taken from papers."""
    return source.choice([" ", " OR ", " -"]).join(_term(source, papers) for _ in range(source.randint(2, 3)))


def _term(source: random.Random, papers: list[Facts]) -> str:
    one = source.choice(papers)
    words = [word for word in one.abstract.split() if word.isascii() and word.isalpha()] or ["model"]
    start = source.randrange(len(words))
    phrase = " ".join(words[start : start + 2]).lower()
    author = source.choice(one.authors or ("Moss",)).replace('"', "")
    word = source.choice(words).lower()
    forms = [
        f'"{phrase}"',
        f'="{phrase}"',
        f'"{phrase}"~4',
        f'title:"{word}"',
        f'author:"{author}"',
        f"upvotes:>={one.upvotes}",
    ]
    return source.choice([*forms, f'"{word}"', "has:code", f"{word[:5]}*" if len(word) > 4 else f'"{word}"'])
