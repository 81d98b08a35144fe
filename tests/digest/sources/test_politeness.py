"""What is done after a request that failed: the whole policy, without a network or a clock."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import politeness
from digest.sources.politeness import Kind, Trouble, gap, host_of, jitter, kind_of, next_look, pause, user_agent

ROOT = Path(__file__).resolve().parent.parent.parent.parent
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
KINDS: tuple[Kind, ...] = ("name", "connection", "time", "server", "busy", "unreadable", "forbidden", "final")
kinds = st.sampled_from(KINDS)
waits = st.none() | st.floats(0, 86_400)
names = st.text(max_size=10)


def tries(trouble: Trouble, left: float = 60) -> int:
    """How many requests there are when all of them fail so."""
    number = 1
    while pause(trouble, number, left, "hf") is not None:
        number += 1
    return number


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "busy"), (500, "server"), (503, "server"), (599, "server"), (408, "server"), (425, "server"),
     (400, "final"), (404, "final"), (410, "final"), (204, "final"), (403, "forbidden"), (401, "forbidden")],
)  # fmt: skip
def test_a_status_is_a_kind_of_trouble(status: int, kind: Kind) -> None:
    assert kind_of(status) == kind


def test_each_kind_of_trouble_has_its_number_of_tries_as_the_table_says() -> None:
    said = re.findall(r"^\| (\w+)[:a-z0-9, -]*[^|]*\| (\d)", politeness.__doc__ or "", re.MULTILINE)
    assert {kind: int(number) for kind, number in said} == {
        kind: tries(Trouble(kind, 1.0 if kind == "busy" else None)) for kind in KINDS
    }


def test_who_is_busy_is_asked_again_only_when_that_is_soon_by_its_own_word() -> None:
    assert [tries(Trouble("busy", seconds)) for seconds in (None, 0, 5, 10.1, 120)] == [1, 2, 2, 1, 1]
    assert tries(Trouble("server", 120)) == 1


@given(kinds, waits, st.integers(1, 9), st.floats(-10, 100), names)
def test_a_pause_is_as_long_as_was_asked_for_and_leaves_time_for_a_try(kind, wish, tried, left, name) -> None:
    seconds = pause(Trouble(kind, wish), tried, left, name)
    if seconds is not None:
        assert (wish or 0) <= seconds <= politeness.MOST_PAUSE
        assert seconds > 0
        assert seconds + politeness.ENOUGH <= left


def test_pauses_grow() -> None:
    assert all(pause(Trouble("server"), 1, 60, n) * 1.0 <= 1.5 <= pause(Trouble("server"), 2, 60, n) for n in "abcdef")


def test_the_next_look_comes_soon_then_ever_later_and_never_later_than_usual() -> None:
    distances = [next_look(Trouble("connection"), n, HOUR, "hf") for n in range(1, 9)]
    assert 4 * MINUTE <= distances[0] <= 6 * MINUTE
    assert distances == sorted(distances)
    assert distances[-1] == HOUR
    assert next_look(Trouble("connection"), 5_000, HOUR, "hf") == HOUR
    assert next_look(Trouble("connection"), 1, 2 * MINUTE, "hf") == 2 * MINUTE


def test_what_only_a_person_can_mend_has_its_usual_time() -> None:
    assert {next_look(Trouble(kind), 1, HOUR, "hf") for kind in ("final", "forbidden")} == {HOUR}


@given(kinds, waits, st.integers(1, 50), st.integers(1, 10_000), names)
def test_the_next_look_is_never_before_the_source_wants_it(kind, wish, failures, minutes, name) -> None:
    usual = timedelta(minutes=minutes)
    distance = next_look(Trouble(kind, wish), failures, usual, name)
    asked = timedelta(seconds=wish or 0)
    assert asked <= distance <= max(usual, asked + MINUTE)
    assert distance > timedelta(0)


@given(names, st.integers(1, 50))
def test_jitter_is_a_fraction_and_always_the_same(name: str, number: int) -> None:
    assert 0 <= jitter(name, number) < 1
    assert jitter(name, number) == jitter(name, number)


def test_jitter_sets_sources_and_tries_apart() -> None:
    assert len({jitter(name, number) for name in ("hf", "arxiv", "a", "b") for number in range(5)}) == 20


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://HuggingFace.co/api/daily_papers", "huggingface.co"),
        ("huggingface.co", "huggingface.co"),
        ("https://rss.arxiv.org/rss/cs", "arxiv.org"),
        ("https://export.arxiv.org:443/api/query?x", "arxiv.org"),
        ("https://arxiv.org./list", "arxiv.org"),
        ("https://notarxiv.org/", "notarxiv.org"),
        ("http://[::1]:8000/feed", "::1"),
        ("http://[::bad/", ""),
        ("", ""),
    ],
)
def test_hosts_of_one_house_share_their_turns(url: str, host: str) -> None:
    assert host_of(url) == host


def test_arxiv_and_its_mirrors_are_asked_once_in_three_seconds_others_once_in_one() -> None:
    assert [gap("arxiv.org", "feed"), gap("mirror.example", "arxiv"), gap("huggingface.co", "hf")] == [3, 3, 1]


def test_our_name_says_version_site_and_contact() -> None:
    said = user_agent(politeness.PROGRAM, "https://d.example", "ada+lists(x)@d.example")
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert said == f"daily-papers-digest/{version[1]} (+https://d.example; mailto:ada+lists%28x%29@d.example)"
