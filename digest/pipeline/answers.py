"""What a source answers when it is asked for a day: how many pages, and when the web page in place of the API.

The network is here, and in no transaction. A body that is the same once more is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from digest.models import Source
from digest.pipeline import earlier
from digest.pipeline.fetching import Errand
from digest.pipeline.snapshots import Answer
from digest.pipeline.storing import kept_bodies
from digest.sources import arxiv, huggingface, politeness, reader, verdict
from digest.sources.http import Fetched, FetchFailed
from digest.sources.listing import Listing
from digest.sources.politeness import Trouble
from digest.sources.untrusted import UnreadableListing

MOST_PAGES = 20
UNREADABLE = Trouble("unreadable")


def answer(errand: Errand, day: date) -> Answer:
    """The API's pages; when they can't be had or read, the web page. Of other sources a feed.

    What came and can't be read is kept with the look, so that a mended parser can be tried on it.
    """
    if errand.source.kind != Source.Kind.HF:
        return _feed(errand, day)
    bodies: list[bytes] = []
    try:
        return _api(errand, day, bodies)
    except FetchFailed as failure:
        if failure.trouble.kind in politeness.UNANSWERED:
            return Answer(failure=verdict.unread(failure))
        return _web_page(errand, day, failure)
    except UnreadableListing as failure:
        errand.trouble = UNREADABLE
        return _web_page(errand, day, failure, bodies)


def archive(errand: Errand, day: date) -> Answer:
    """What was submitted to arXiv on a past day: the pages of its API."""
    source = errand.source
    names = arxiv.categories_of(source.url)
    if not names:
        said = f"{source.url} names no category, like .../rss/cs.AI+cs.LG: no past day can be asked for."
        return Answer(failure=verdict.Verdict("failed", said))
    bodies: list[bytes] = []
    start: int | None = 0
    try:
        while start is not None and len(bodies) < MOST_PAGES:
            bodies.append(errand.get(arxiv.query_url(names, day, start, base=source.url)).body)
            start = arxiv.next_start(bodies[-1])
    except FetchFailed as failure:
        return Answer(failure=verdict.unread(failure))
    return given(source, day, bodies)


def given(source: Source, day: date, bodies: Sequence[bytes]) -> Answer:
    """Bodies that are there already, as an answer."""
    if earlier.same(source, day, earlier.digests_of(bodies)) is not None:
        return Answer(bodies)
    return read_again(source, day, Answer(bodies))


def read_again(source: Source, day: date, unread: Answer) -> Answer:
    """The answer with its listing, whatever earlier looks brought."""
    try:
        return replace(unread, listing=reader.read(unread.bodies, day, source.slug, source.kind))
    except UnreadableListing as failure:
        return Answer(unread.bodies, failure=verdict.unread(failure))


def _feed(errand: Errand, day: date) -> Answer:
    """One page. When nothing has changed since the last look it says so, or its body is the same."""
    source = errand.source
    before = earlier.whole(source, day)
    etag, last_modified = (earlier.validators_of(before) or [earlier.NONE])[0]
    try:
        got = errand.get(source.url, etag, last_modified)
    except FetchFailed as failure:
        said = reader.said_in(failure.answer, day, source.slug)
        return Answer(failure=verdict.Verdict("failed", f"{said}. {failure}") if said else verdict.unread(failure))
    if got.status == 304:
        return Answer(before=before)
    return replace(given(source, day, [reader.steady(got.body)]), validators=[_validators(got)])


def _api(errand: Errand, day: date, bodies: list[bytes]) -> Answer:
    """The API's pages, which are put into `bodies` before they are read.

    Each page is asked after by itself: they are sorted by votes, so none says anything of the others.
    """
    source = errand.source
    before = earlier.whole(source, day)
    asked = earlier.validators_of(before)
    pages: list[Fetched] = []
    more = True
    while more and len(pages) < MOST_PAGES:
        number = len(pages)
        known = asked[number] if number < len(asked) else earlier.NONE
        pages.append(errand.get(huggingface.urls(source.url, day, number), *known))
        same = pages[-1].status == 304
        more = number + 1 < len(asked) if same else huggingface.more_pages(pages[-1].body)
    if all(page.status == 304 for page in pages):
        return Answer(before=before)
    names = before.bodies if before is not None else []
    for number, page in enumerate(pages):
        kept = kept_bodies(names[number : number + 1]) if page.status == 304 else [page.body]
        bodies += kept or [errand.get(huggingface.urls(source.url, day, number)).body]
    validators = [asked[n] if page.status == 304 else _validators(page) for n, page in enumerate(pages)]
    return _read(source, day, bodies, huggingface.parse, validators)


def _web_page(errand: Errand, day: date, failure: Exception, unread: Sequence[bytes] = ()) -> Answer:
    """The web page instead of the API, which failed; `unread` is what came of that."""
    source = errand.source
    try:
        got = errand.get(huggingface.page_url(source.url, day))
    except FetchFailed:
        return Answer(unread, failure=verdict.unread(failure))
    try:
        return _read(source, day, [got.body], lambda *page: _noted(huggingface.parse(*page), failure))
    except UnreadableListing:
        return Answer(unread or [got.body], failure=verdict.unread(failure))


def _read(
    source: Source,
    day: date,
    bodies: Sequence[bytes],
    parse: Callable[[Sequence[bytes], date, str], Listing],
    validators: Sequence[earlier.Validators] = (),
) -> Answer:
    """The bodies as an answer, with their listing unless they are those of the last look. Raises UnreadableListing."""
    unread = Answer(bodies, validators=validators)
    if earlier.same(source, day, earlier.digests_of(bodies)) is not None:
        return unread
    return replace(unread, listing=parse(bodies, day, source.slug))


def _validators(page: Fetched) -> earlier.Validators:
    return page.etag, page.last_modified


def _noted(listing: Listing, failure: Exception) -> Listing:
    note = f"read from the web page, since the API failed ({failure})"
    return replace(listing, note=f"{listing.note} {note}".strip())
