"""One size of the matching bench, in two processes: `prepare FOLDER READERS MIX` compiles the filters and keeps them as
the service does; `measure FOLDER PAPERS` loads them and matches, in memory of its own. Both print JSON."""

import json
import mmap
import random
import sys
from pathlib import Path

import numpy as np

from digest.matching import reading
from digest.matching.columns import Columns
from digest.matching.engine import Bits, Engine, indexes
from digest.matching.hashing import Hasher, Keys
from digest.matching.packing import packed, unpacked
from digest.matching.readers import Interests, matched, told, windowed
from digest.sources.listing import Facts
from subscribers.query.canonical import canonical, normal
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.bench import crowd, straight
from tests.bench.measuring import measured, peak
from tests.digest.matching import brute

SALT, STAMP = b"bench", bytes(32)
PARSED, NEW, SAMPLE, CHECKED, READ = 1_000, 10_000, 400, 40, 200
TOLD_PAPERS, TOLD_SHARE = 100, 20  # each told to one reader in so many
WINDOWS = 3  # readers who were served at different heads


def keys(count: int) -> Keys:
    """As the digests of filters: evenly spread."""
    return Hasher(b"digests").words([str(number) for number in range(count)])


def prepare(folder: Path, readers: int, mix: str) -> dict[str, object]:
    topics, count = crowd.topics(readers)
    queries = crowd.wishes(count + NEW, sparse=mix == "sparse")
    known, numbers = keys(count + NEW), np.arange(count + NEW)
    plain = [normal(query) for query in queries[:count]]
    normals, normalising, _ = measured(lambda: [normal(query) for query in queries[-NEW:]])
    engine = Engine({}, SALT)
    _, compiling, _ = measured(lambda: engine.add(plain, numbers[:count], known[:, :count]))
    (part,) = engine.parts
    (folder / "part").write_bytes(packed(part, STAMP))
    np.save(folder / "topics.npy", topics)
    chosen = random.Random(count).sample(range(count), min(PARSED, count))
    texts = {number: canonical(queries[number]) for number in chosen}
    (folder / "sample.json").write_text(json.dumps(texts))
    _, parsing, _ = measured(lambda: [parse(text, stored=True) for text in texts.values()])
    _, adding, _ = measured(lambda: engine.add(normals, numbers[count:], known[:, count:]))
    return {
        "readers": readers, "filters": count, "rows": part.size, "MB": (folder / "part").stat().st_size / 1e6,
        "compile": compiling, "parse": parsing / len(texts) * 1e6,
        "normal": normalising / NEW * 1e6, "add": adding / NEW * 1e6,
    }  # fmt: skip


def load(folder: Path) -> Engine:
    """As the pipeline loads it: map, check the sum, find the filters that are wanted by their digests."""
    with (folder / "part").open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Engine.of([unpacked(data, STAMP)], SALT)


def measure(folder: Path, papers: int) -> dict[str, object]:
    topics = np.load(folder / "topics.npy")
    readers, count = topics.size // crowd.TOPICS, int(topics.max()) + 1
    interests = Interests(np.arange(readers) + 1, np.arange(readers) * crowd.TOPICS, topics,
                          (np.arange(topics.size) // crowd.TOPICS % WINDOWS).astype(np.uint16))  # fmt: skip
    known, numbers = keys(count), np.arange(count)
    engine, mapping, _ = measured(lambda: load(folder))
    missing, naming, _ = measured(lambda: engine.name(numbers, known))
    assert not missing.any()
    sample = {int(number): parse(text, stored=True).query
              for number, text in json.loads((folder / "sample.json").read_text()).items()}  # fmt: skip
    everything = crowd.listed(papers)
    runs = [_run(engine, interests, everything[:size], sample) for size in sizes(papers)]
    found: dict[str, object] = {"load": mapping, "name": naming, "runs": runs, "peak": peak()}
    return found | _told(interests, papers) | _straight(readers, count, sample, everything)


def sizes(papers: int) -> list[int]:
    """From 50 to so many."""
    return sorted({min(50, papers), min(125, papers), papers // 4 or 1, papers // 2 or 1, papers})


def _run(engine: Engine, interests: Interests, listed: list[Facts], sample: dict[int, Query]) -> dict[str, object]:
    reading.read.cache_clear()
    reading.name_words.cache_clear()
    found = _once(engine, interests, listed, sample)
    columns = Columns(list(enumerate(listed)))
    _, again, _ = measured(lambda: engine.match(columns))
    return found | {"again": again}


def _once(engine: Engine, interests: Interests, listed: list[Facts], sample: dict[int, Query]) -> dict[str, object]:
    (bits, windows), matching, _ = measured(lambda: _matched(engine, listed))
    rows, joining, _ = measured(lambda: matched(bits, bits.places(interests.filters), interests, windows))
    most = peak()
    _check(bits, rows, windows, interests, listed, sample)
    hits = np.bitwise_count(bits.rows).sum(axis=1)
    return {"papers": len(listed), "match": matching, "join": joining, "hits": float(hits.mean()),
            "most": float(hits.max()), "reached": float(rows.any(axis=1).mean()), "peak": most}  # fmt: skip


def _matched(engine: Engine, listed: list[Facts]) -> tuple[Bits, np.ndarray]:
    columns = Columns(list(enumerate(listed)))
    windows = [columns.all >> (len(listed) * late // 10) << (len(listed) * late // 10) for late in range(WINDOWS)]
    return engine.match(columns), windowed(windows, columns.planes)


def _check(bits: Bits, rows: np.ndarray, windows: np.ndarray, interests: Interests, listed: list[Facts],
           sample: dict[int, Query]) -> None:  # fmt: skip
    """Some filters are what the definition says, some readers are the OR of their filters in their window."""
    for number in sorted(sample)[:CHECKED]:
        defined = [place for place, facts in enumerate(listed) if brute.matches(sample[number], facts)]
        assert bits.indexes(number) == defined, "the engine is wrong"
    for place in random.Random(len(listed)).sample(range(len(rows)), min(READ, len(rows))):
        start = interests.starts[place]
        mine = bits.union(interests.filters[start : start + crowd.TOPICS].tolist())
        assert indexes(rows[place]) == indexes(mine & windows[interests.windows[start]]), "a reader is wrong"


def _told(interests: Interests, papers: int) -> dict[str, object]:
    """The look-up for 100 papers, from the bytes that the rows of Told hold."""
    chance, count = np.random.default_rng(5), len(interests.readers)
    some = [np.sort(chance.choice(interests.readers, count // TOLD_SHARE, replace=False)).astype("<i8").tobytes()
            for _ in range(TOLD_PAPERS)]  # fmt: skip
    planes = -(-max(papers, TOLD_PAPERS) // 64)
    rows, cpu, _ = measured(
        lambda: told(interests.readers, ((1 << n, np.frombuffer(ids, "<i8")) for n, ids in enumerate(some)), planes)
    )
    assert int(np.bitwise_count(rows).sum()) == sum(len(ids) // 8 for ids in some)
    return {"told": cpu, "had": sum(len(ids) // 8 for ids in some)}


def _straight(readers: int, count: int, sample: dict[int, Query], everything: list[Facts]) -> dict[str, object]:
    """The straightforward ways on a sample, scaled to all: topics in Python, distinct filters in PostgreSQL."""
    found: dict[str, object] = {}
    chosen = [sample[number] for number in sorted(sample)[:SAMPLE]]
    askable = [query for query in chosen if straight.expressible(query)]
    url = _postgres()
    for size in (min(50, len(everything)), len(everything)):
        _, cpu, _ = measured(lambda size=size: straight.one_by_one(chosen, everything[:size]))
        found[f"simple {size}"] = cpu / len(chosen) * readers * crowd.TOPICS
        if url:
            storing, asking = straight.probed(url, askable, everything[:size])
            found[f"postgres {size}"] = storing + asking / len(askable) * count
    return found


def _postgres() -> str:
    """A server of our own, "" where there are no binaries."""
    try:
        from tests import services

        started = services.start_postgres()
    except SystemExit:
        return ""
    return f"host={started.partition('host=')[2]} user=digest dbname=postgres"


if __name__ == "__main__":
    work, where, *rest = sys.argv[1:]
    print(
        json.dumps(
            prepare(Path(where), int(rest[0]), rest[1]) if work == "prepare" else measure(Path(where), int(rest[0]))
        )
    )
