"""Matching: from changes to a million readers; one topic at a time, and PostgreSQL, on a sample in the same run."""

import json
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from tests.bench.measuring import doubled, table

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = ("mix", "readers", "topics", "filters", "changes", "match s", "readers s", "together s", "again s",
        "hits a filter", "at most", "reached", "one by one s", "ratio", "PostgreSQL s", "ratio", "peak MB")  # fmt: skip
KEPT = ("mix", "readers", "filters", "rows", "file MB", "reload ms", "parse us", "normal us", "add us", "told ms",
        "(reader, paper)")  # fmt: skip


def run(options: Namespace) -> str:
    """The realistic mix over growing numbers of readers, and the sparse one for all of them."""
    sizes = [("real", size) for size in doubled(options.readers)] + [("sparse", options.readers)]
    rows: list[tuple[str, ...]] = []
    kept: list[tuple[str, ...]] = []
    for mix, size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            made = _child("prepare", folder, str(size), mix)
            found = _child("measure", folder, str(options.papers))
        rows += [_row(mix, made, found, one) for one in found["runs"]]
        kept.append(_kept(mix, made, found))
    return f"{table(HEAD, rows)}\n{NOTE}\n{table(KEPT, kept)}\n{KEPT_NOTE}"


NOTE = (
    "(CPU seconds; changes of as many papers, read for the first time; again: their texts were read before; real, "
    "sparse: see crowd.py; hits: share of the changes; reached: share of the readers; one by one: topics over token "
    "sets, measured on 400 and scaled; PostgreSQL: distinct filters asked of a table with a GIN index, without going "
    "down to readers, wall seconds of about 390 scaled, - where it is not there; 40 filters checked against the "
    "language's definition and 200 readers against their filters in every row)"
)
KEPT_NOTE = (
    "(reload: map, check the sum, find every filter by its digest; normal: from a parsed text to its normal form; add: "
    "10,000 new filters from there, joined to what was compiled; told: who has had 100 papers, each told to one reader "
    "in 20)"
)


def _child(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "tests.bench.one_match", *arguments], cwd=ROOT, capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _row(mix: str, made: dict[str, Any], found: dict[str, Any], one: dict[str, Any]) -> tuple[str, ...]:
    papers, both = one["papers"], one["match"] + one["join"]
    slow = []
    for way in ("simple", "postgres"):
        seconds = found.get(f"{way} {papers}")
        slow += [f"{seconds:,.0f}", f"{seconds / both:,.0f}"] if seconds is not None else ["-", "-"]
    return (
        mix, f"{made['readers']:,}", f"{4 * made['readers']:,}", f"{made['filters']:,}", f"{papers:,}",
        f"{one['match']:.3f}", f"{one['join']:.3f}", f"{both:.3f}", f"{one['again'] + one['join']:.3f}",
        f"{one['hits'] / papers:.2%}", f"{one['most'] / papers:.1%}", f"{one['reached']:.0%}", *slow,
        f"{one['peak']:.0f}",
    )  # fmt: skip


def _kept(mix: str, made: dict[str, Any], found: dict[str, Any]) -> tuple[str, ...]:
    return (
        mix, f"{made['readers']:,}", f"{made['filters']:,}", f"{made['rows']:,}", f"{made['MB']:.1f}",
        f"{(found['load'] + found['name']) * 1e3:.0f}", f"{made['parse']:.0f}", f"{made['normal']:.1f}",
        f"{made['add']:.1f}", f"{found['told'] * 1e3:.0f}", f"{found['had']:,}",
    )  # fmt: skip
