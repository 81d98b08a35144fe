"""Compiled filters in a folder: taken from there, added to, and made anew whatever has happened to it."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

import pytest

from digest.matching.columns import Columns
from digest.pipeline import compiled as kept
from digest.sources.listing import Facts
from subscribers.models import Filter, ReadyTopic
from subscribers.query.parser import parse
from subscribers.query.stored import stored

pytestmark = pytest.mark.django_db
PAPER = Facts("2611.00001", "Robots that cache 7 mosses")


@pytest.fixture
def folder(db: None, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept; one filter is more than a few, and there are none but the test's."""
    ReadyTopic.objects.all().delete()
    Filter.objects.all().delete()
    settings.DIGEST_HOME = tmp_path
    monkeypatch.setattr(kept, "FEW", 0)
    kept._loaded.cache_clear()
    return tmp_path / "filters"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from now on."""
    texts: list[str] = []

    def noted(text: str) -> object:
        texts.append(text)
        return stored(text)

    monkeypatch.setattr(kept, "stored", noted)
    return texts


def row(text: str) -> int:
    return Filter.objects.create(canonical=text, digest=hashlib.sha256(text.encode()).hexdigest()).pk


def rows(*texts: str) -> list[int]:
    return [row(text) for text in texts]


def matched(numbers: list[int]) -> list[int]:
    return kept.compiled(numbers).engine.match(Columns([(1, PAPER)])).matched()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.part"))


def test_what_was_compiled_once_is_not_parsed_again(folder: Path, parsed: list[str]) -> None:
    some = rows("robots", "moss", "fern", "cache -robots")
    assert matched(some) == some[:2]
    assert len(parsed) == 4
    kept._loaded.cache_clear()
    assert matched(some) == some[:2]
    assert len(parsed) == 4
    more = [*some, row('"cache 7"')]
    assert matched(more) == [*some[:2], more[-1]]
    assert parsed[4:] == ['"cache 7"']
    assert matched(more) == [*some[:2], more[-1]]
    assert len(parsed) == 5


def test_a_few_filters_need_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FEW", 1_000)
    some = rows("robots", "fern")
    assert matched(some) == some[:1]
    assert not folder.exists()


def test_the_same_number_with_another_meaning_is_another_filter(folder: Path) -> None:
    """As after `flush`, or with a database that was put back."""
    some = rows("robots", "fern")
    assert matched(some) == some[:1]
    Filter.objects.all().delete()
    for number, text in zip(some, ["fern", "moss"], strict=True):
        Filter.objects.create(pk=number, canonical=text, digest=hashlib.sha256(text.encode()).hexdigest())
    assert matched(some) == some[1:]


@pytest.mark.parametrize("harm", ["lost", "emptied", "cut", "changed", "nonsense", "stale"])
def test_a_folder_that_came_to_harm_is_made_anew(folder: Path, parsed: list[str], harm: str, settings) -> None:
    some = rows("robots", "moss", "fern")
    matched(some)
    (file,) = files(folder)
    data = file.read_bytes()
    kept._loaded.cache_clear()
    if harm == "lost":
        file.unlink()
    elif harm == "stale":
        settings.SECRET_KEY = settings.SECRET_KEY[::-1]
        kept._salt.cache_clear()
        kept._stamp.cache_clear()
    else:
        half = len(data) // 2
        file.write_bytes(
            {"emptied": b"", "cut": data[:half], "changed": data[:half] + b"!!!!" + data[half + 4 :]}.get(
                harm, b"\x80."
            )
        )
    assert matched(some) == some[:2]
    assert len(parsed) == 6
    assert len(files(folder)) == 1, "what can't be read is gone"
    kept._loaded.cache_clear()
    assert matched(some) == some[:2]
    assert len(parsed) == 6
    kept._salt.cache_clear()
    kept._stamp.cache_clear()


def test_what_is_being_written_by_another_is_left_to_it(folder: Path) -> None:
    some = rows("robots", "moss", "fern")
    folder.mkdir()
    with (folder / "lock").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert matched(some) == some[:2]
    assert files(folder) == []
    assert matched(some) == some[:2]
    assert len(files(folder)) == 1


def test_who_finds_the_folder_changed_meanwhile_leaves_it(folder: Path) -> None:
    some = rows("robots", "moss", "fern", "ivy")
    slow = kept.Folder(folder, kept._stamp())
    slow.parts()
    matched(some[:3])
    before = files(folder)
    slow.keep(kept.compiled([]).engine.parts)
    assert files(folder) == before
    assert matched(some) == some[:2]


def test_a_half_written_file_of_one_who_died_is_cleared_away(folder: Path) -> None:
    folder.mkdir()
    (folder / "x.part.new").write_bytes(b"half")
    some = rows("robots", "moss")
    assert matched(some) == some
    assert [path.suffix for path in folder.iterdir() if path.name != "lock"] == [".part"]


def test_filters_that_are_mostly_gone_are_forgotten(folder: Path, parsed: list[str]) -> None:
    some = rows("robots", "moss", "fern", "ivy", "cache")
    matched(some)
    Filter.objects.filter(pk__in=some[1:]).delete()
    another = row("mosses")
    assert matched([some[0], another]) == [some[0], another]
    assert files(folder) == []
    assert matched([some[0], another]) == [some[0], another]
    assert len(files(folder)) == 1


def test_a_full_disk_gets_its_room_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    some = rows("robots", "fern")
    assert matched(some) == some[:1]
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_a_part_changed_in_place_by_somebody_harms_no_process_that_has_read_it(folder: Path) -> None:
    some = rows("robots", "moss")
    matched(some)
    (file,) = folder.glob("*.part")
    assert matched(some) == some
    with file.open("r+b") as opened:
        opened.truncate(100)
    assert matched(some) == some


def test_a_file_in_the_place_of_the_folder_stops_nobody(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.write_text("in the way")
    some = rows("robots", "fern")
    assert matched(some) == some[:1]
    assert "can't be kept" in caplog.text


def test_a_filter_that_can_not_be_read_stops_no_other(folder: Path) -> None:
    some = rows("robots", "(fern", "moss")
    found = kept.compiled(some)
    assert list(found.broken) == [some[1]]
    assert sorted(found.queries) == [some[0], some[2]]
    assert found.engine.match(Columns([(1, PAPER)])).matched() == [some[0], some[2]]


def test_queries_are_read_when_they_are_asked_for(folder: Path, parsed: list[str]) -> None:
    some = rows("robots", "moss")
    matched(some)
    parsed.clear()
    queries = kept.compiled(some).queries
    assert parsed == []
    assert queries[some[1]] == parse("moss").query
    assert parsed == ["moss"]
    assert some[0] in queries
    assert -1 not in queries
    assert len(queries) == 2
