"""Real captures of arXiv, where they exist: a table of what must come out of each."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from digest.sources.listing import Listing
from digest.sources.reader import day_of, read
from digest.sources.untrusted import UnreadableListing
from tests.listings import need_listings

pytestmark = pytest.mark.listings
ANY_DAY = date(2026, 8, 12)

# file: papers, whether they are all, and the day that the file says it shows; or the word that the refusal holds
CAPTURED: dict[str, tuple[int, bool, str] | str] = {
    "rss_cs_2026-08-10.xml": (21, True, "2026-08-10"),
    "rss_cs_2026-08-11.xml": (20, True, "2026-08-11"),
    "rss_cs_2026-08-12.xml": (20, True, "2026-08-12"),
    "rss_cs_2026-08-13.xml": (20, True, "2026-08-13"),
    "rss_cs_2026-08-14.xml": (23, True, "2026-08-14"),
    "rss_cs_2026-08-15.xml": (0, True, "2026-08-15"),  # a Saturday
    "atom_cs_2026-08-10.xml": (21, True, "2026-08-10"),
    "atom_cs_2026-08-11.xml": (20, True, "2026-08-11"),
    "atom_cs_2026-08-12.xml": (20, True, "2026-08-12"),
    "atom_cs_2026-08-13.xml": (20, True, "2026-08-13"),
    "atom_cs_2026-08-14.xml": (23, True, "2026-08-14"),
    "atom_cs_2026-08-15.xml": (0, True, ""),  # without entries Atom says no day
    "rss_error_400_bad_archive.xml": "Bad archive 'foo'",
    "rss_cs.AI_truncated.xml": "breaks off",  # within its first entry
    "api_2026-05.xml": (2, False, ""),  # the first two of 108,507
    "api_id_0000.0000_s0_m100_8b51d9633a68.atom.xml": (0, True, ""),
    "api_id_0808.05394_s0_m100_7b0c7d0a7cdd.atom.xml": (0, True, ""),
    "api_id_1707.08567_s0_m100_6a1afebfc6a3.atom.xml": (1, True, ""),
    "api_id_abc_s0_m100_b79c8dcf6bc3.atom.xml": "incorrect id format for abc",
    "api_id_quant-ph_0201082v1_s0_m100_86989fe779ef.atom.xml": (1, True, ""),
    "api_q_testing_s0_m10_bc5a6c384fe9.atom.xml": (10, False, ""),
    "api_q_testing_s10_m10_34e56e15aaac.atom.xml": (10, False, ""),
    "api_q_testing_s30_m10_f2e39f0143dc.atom.xml": (10, False, ""),
    "api_q_testing_s5_m15_bbcf6b23085b.atom.xml": (15, False, ""),
    "api_q_testing_s50_m10_7f488ab8598c.atom.xml": (10, False, ""),
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return need_listings() / "arxiv"


def listing(folder: Path, name: str) -> Listing:
    return read([(folder / name).read_bytes()], ANY_DAY, "cs", "arxiv")


def test_the_table_names_every_capture(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == CAPTURED.keys()


@pytest.mark.parametrize("name", sorted(CAPTURED))
def test_a_capture_gives_what_the_table_says(folder: Path, name: str) -> None:
    due = CAPTURED[name]
    if isinstance(due, str):
        with pytest.raises(UnreadableListing, match=re.escape(due)):
            listing(folder, name)
        return
    got = listing(folder, name)
    shown = got.shown_day.isoformat() if got.shown_day else ""
    assert (len(got.entries), got.whole, shown) == due
    assert day_of((folder / name).read_bytes()) == got.shown_day


@pytest.mark.parametrize("name", sorted(name for name, due in CAPTURED.items() if not isinstance(due, str)))
def test_every_entry_of_a_capture_is_complete(folder: Path, name: str) -> None:
    raw = (folder / name).read_text("utf-8")
    ids = re.findall(r"<(?:guid[^>]*|id)>(?:oai:arXiv.org:|http://arxiv.org/abs/)(\S+?)v(\d+)<", raw)
    got = listing(folder, name)
    assert [(e.keys[0], e.version) for e in got.entries] == [(f"arxiv:{i}", int(v)) for i, v in ids]
    for entry in got.entries:
        assert entry.title
        assert entry.abstract
        assert entry.authors
        assert entry.categories
        assert entry.link == f"https://arxiv.org/abs/{entry.keys[0].removeprefix('arxiv:')}"
        assert not entry.abstract.startswith(("arXiv:", "Abstract"))
        for text in (entry.title, entry.abstract, *entry.authors):
            assert text == " ".join(text.split())


def test_rss_and_atom_of_a_day_say_the_same(folder: Path) -> None:
    for day in range(10, 16):
        assert (
            listing(folder, f"rss_cs_2026-08-{day}.xml").entries
            == listing(folder, f"atom_cs_2026-08-{day}.xml").entries
        )


def test_the_kinds_of_announcement_are_counted(folder: Path) -> None:
    kinds = [entry.announce for day in range(10, 15) for entry in listing(folder, f"rss_cs_2026-08-{day}.xml").entries]
    assert {kind: kinds.count(kind) for kind in kinds} == {"new": 64, "cross": 20, "replace": 10, "replace-cross": 10}


def test_pages_of_the_api_that_overlap_or_leave_a_gap_are_partial(folder: Path) -> None:
    pages = [
        (folder / name).read_bytes()
        for name in ("api_q_testing_s0_m10_bc5a6c384fe9.atom.xml", "api_q_testing_s10_m10_34e56e15aaac.atom.xml")
    ]
    joined = read(pages, ANY_DAY, "cs", "arxiv")
    assert len(joined.entries) == 20
    assert "entries, and ends at 20" in joined.note
    gap = read(
        [pages[0], (folder / "api_q_testing_s30_m10_f2e39f0143dc.atom.xml").read_bytes()], ANY_DAY, "cs", "arxiv"
    )
    assert "begins at entry 30 where 10 was due" in gap.note


# Odd items of Hugging Face: what makes each odd, and what must come out of it beside its title and people
ODD = {
    "html-like tag in summary": lambda paper, entry: "<" in entry.abstract,
    "latex command in summary": lambda paper, entry: "\\" in entry.abstract,
    "markdown bold in summary": lambda paper, entry: "**" in entry.abstract,
    "dollar in title": lambda paper, entry: "$" in entry.title,
    "backslash in title": lambda paper, entry: "\\" in entry.title,
    "quotes in title": lambda paper, entry: any(sign in entry.title for sign in "\"'“”‘’"),
    "quotes in author name": lambda paper, entry: any('"' in name or "'" in name for name in entry.authors),
    "hidden author": lambda paper, entry: len(entry.authors) == len(paper["authors"]),
    "over 200 authors": lambda paper, entry: len(entry.authors) == len(paper["authors"]) > 200,
    "author status without user": lambda paper, entry: len(entry.authors) == len(paper["authors"]),
    "title newline differs from item.title": lambda paper, entry: "\n" not in entry.title,
    "non-ascii title": lambda paper, entry: not entry.title.isascii(),
    "non-ascii summary": lambda paper, entry: not entry.abstract.isascii(),
    "whitespace/newline in projectPage": lambda paper, entry: entry.project == "".join(paper["projectPage"].split()),
    "whitespace/newline in githubRepo": lambda paper, entry: entry.code == "".join(paper["githubRepo"].split()),
    "organization without avatar": lambda paper, entry: entry.organisations == (paper["organization"]["fullname"],),
    "odd organization fullname": lambda paper, entry: entry.organisations == (paper["organization"]["fullname"],),
    "very short title": lambda paper, entry: 0 < len(entry.title) <= 10,
    "very long title": lambda paper, entry: len(entry.title) > 150,
    "no thumbnail": lambda paper, entry: entry.link.endswith(paper["id"]),
    "no submittedBy": lambda paper, entry: entry.link.endswith(paper["id"]),
}


def test_each_odd_item_gives_what_its_oddity_asks_for(folder: Path) -> None:
    lines = (folder.parent / "huggingface" / "odd_items.jsonl").read_text("utf-8").splitlines()
    for case in map(json.loads, lines):
        got = read([json.dumps([case["item"]]).encode()], date.fromisoformat(case["day"]), "hf", "hf")
        (entry,) = got.entries
        paper = case["item"]["paper"]
        assert got.whole, case["why"]
        assert entry.keys == (f"arxiv:{paper['id']}",)
        assert ODD[case["why"]](paper, entry), (case["why"], paper["id"])
