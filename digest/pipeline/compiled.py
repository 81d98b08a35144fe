"""Filters compiled once and kept in a folder beside the database, so that a run compiles only what is new.

The folder holds parts (see `matching.packing` for their format), each named by its own sum; all that can be read
count. It is never the truth: a filter is looked up by the digest of its canonical form, so what lies there can be
missing but not wrong, and what was written by another grammar, analyser or SECRET_KEY bears another stamp and is not
read. Whatever is missing is read from the database, compiled, and kept again.

Files appear whole (written under another name, synced, renamed) and never change. Of two processes at once the one
that has the lock and finds the folder as it read it writes; the other goes on with what it has in memory. Filters that
are gone stay until they are the greater part.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import Stemmer
from django.conf import settings

import digest.matching
import subscribers.query
from digest.matching.engine import Engine
from digest.matching.hashing import Keys
from digest.matching.packing import packed, unpacked
from digest.matching.part import Part
from subscribers.models import Filter
from subscribers.query.canonical import normal
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Query
from subscribers.query.stored import stored

FEW = 1_000  # filters that are compiled as fast as a big folder is read
AT_ONCE = 10_000  # rows asked for by number in one statement
KEY_DIGITS = 32  # hexadecimal digits of a filter's digest that are its key
log = logging.getLogger(__name__)


class Queries(Mapping[int, Query]):
    """Filters as queries, each read when it is asked for."""

    def __init__(self, numbers: Collection[int], read: Mapping[int, Query]) -> None:
        self._numbers = frozenset(numbers)
        self._texts: dict[int, str] = {}
        self._read = dict(read)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __contains__(self, number: object) -> bool:
        return number in self._numbers

    def __getitem__(self, number: int) -> Query:
        if number not in self._read:
            if number not in self._numbers:
                raise KeyError(number)
            if number not in self._texts:
                self.fetch([number])
            self._read[number] = stored(self._texts[number])
        return self._read[number]

    def fetch(self, numbers: Collection[int]) -> None:
        """Get the texts of many that will be asked for."""
        self._texts |= dict(_rows(set(numbers) - self._read.keys(), "canonical"))


@dataclass(frozen=True)
class Compiled:
    """Filters ready to be matched; those that can't be read, with what is wrong. One that is broken stops only the
    readers who have it."""

    engine: Engine
    queries: Queries
    broken: Mapping[int, QueryError]


def compiled(filters: Collection[int]) -> Compiled:
    """The filters with these numbers. More than a few are taken from the folder, and what it lacks is put there."""
    wanted = sorted(set(filters))
    rows = _rows(wanted, "digest")
    ids = np.array([number for number, _ in rows], dtype=np.int64)
    folder = Folder(settings.DIGEST_HOME / "filters", _stamp()) if len(rows) > FEW else None
    engine = Engine.of(folder.parts() if folder else (), _salt())
    keys = _keys([digest for _, digest in rows])
    unknown = engine.name(ids, keys)
    read, broken = _read_filters(ids[unknown].tolist())
    new = np.array([number in read for number in ids.tolist()], dtype=np.bool_)
    engine.add([normal(read[number]) for number in ids[new].tolist()], ids[new], keys[:, new])
    if folder:
        folder.keep(engine.parts)
    return Compiled(engine, Queries(set(ids.tolist()) - broken.keys(), read), broken)


def _read_filters(numbers: Collection[int]) -> tuple[dict[int, Query], dict[int, QueryError]]:
    """Filters as queries; and those that can't be read."""
    read: dict[int, Query] = {}
    broken: dict[int, QueryError] = {}
    for number, text in _rows(numbers, "canonical"):
        try:
            read[number] = stored(text)
        except QueryError as error:
            broken[number] = error
    return read, broken


def _rows(numbers: Collection[int], field: str) -> list[tuple[int, str]]:
    """This field of filters, by number, ascending."""
    ordered = sorted(numbers)
    parts = (ordered[first : first + AT_ONCE] for first in range(0, len(ordered), AT_ONCE))
    return [row for some in parts for row in Filter.objects.filter(pk__in=some).order_by("pk").values_list("pk", field)]


def _keys(digests: Sequence[str]) -> Keys:
    """The first half of each SHA-256, [lane, filter]."""
    raw = bytes.fromhex("".join(digest[:KEY_DIGITS] for digest in digests))
    return np.ascontiguousarray(np.frombuffer(raw, dtype="<u8").astype(np.uint64).reshape(-1, 2).T)


@lru_cache(maxsize=1)
def _salt() -> bytes:
    """What nobody outside knows and all processes of this service do."""
    return hashlib.sha256(b"compiled filters" + settings.SECRET_KEY.encode()).digest()


@lru_cache(maxsize=1)
def _stamp() -> bytes:
    """Stands for all that a compiled filter hangs on beside its text: the sources themselves, so that no version can
    be forgotten, the libraries that fold and stem, and the salt."""
    stamp = hashlib.sha256(_salt())
    for package in (subscribers.query, digest.matching):
        for source in sorted(Path(package.__path__[0]).glob("*.py")):
            stamp.update(hashlib.sha256(source.read_bytes()).digest())
    stamp.update(f"{Stemmer.version()} {unicodedata.unidata_version}".encode())
    return stamp.digest()


class Folder:
    """The kept parts as one process finds them."""

    def __init__(self, path: Path, stamp: bytes) -> None:
        self.path, self._stamp = path, stamp
        self._found: frozenset[str] = frozenset()
        self._kept: dict[int, str] = {}  # the name of the file of each part that lies there, by the part's id()

    def parts(self) -> list[Part]:
        """All that can be read."""
        self._found = self._names()
        read = {name: _read(self.path / name, self._stamp) for name in sorted(self._found)}
        parts = {name: part for name, part in read.items() if part is not None}
        self._kept = {id(part): name for name, part in parts.items()}
        return list(parts.values())

    def keep(self, parts: Sequence[Part]) -> None:
        """Let the folder hold these parts and nothing else, unless somebody has changed it meanwhile."""
        if {id(part) for part in parts} == set(self._kept) and len(self._kept) == len(self._found):
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with _locked(self.path / "lock") as mine:
                if mine and self._names() == self._found:
                    self._replace(parts)
        except OSError as error:
            log.warning("compiled filters can't be kept in %s, so they are compiled again: %s", self.path, error)

    def _replace(self, parts: Sequence[Part]) -> None:
        outgrown = sum(map(len, parts)) > 2 * Filter.objects.count() + FEW
        names = set() if outgrown else {self._kept.get(id(part)) or self._write(part) for part in parts}
        for name in {*self._found, *(path.name for path in self.path.glob("*.new"))} - names:
            with suppress(FileNotFoundError):
                (self.path / name).unlink()

    def _write(self, part: Part) -> str:
        data = packed(part, self._stamp)
        name = f"{hashlib.sha256(data).hexdigest()[:KEY_DIGITS]}.part"
        fresh = self.path / f"{name}.new"
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path / name)
        except OSError:  # a full disk: what was written is of no use, and the database beside it needs the room
            fresh.unlink(missing_ok=True)
            raise
        return name

    def _names(self) -> frozenset[str]:
        return frozenset(path.name for path in self.path.glob("*.part"))


@lru_cache(maxsize=8)
def _loaded(path: Path, stamp: bytes) -> Part:
    """A kept part, read and checked once in a process. Not mapped: whoever changes a mapped file in place, as a restore
    may, kills the processes that have it."""
    return unpacked(path.read_bytes(), stamp)


def _read(path: Path, stamp: bytes) -> Part | None:
    try:
        return _loaded(path, stamp)
    except (OSError, ValueError) as error:  # ValueError: UnreadablePart
        log.info("%s is not used: %s", path, error)
        return None


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the lock is ours; it is not waited for."""
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
