"""One size of the composing bench, in the database of the environment: letters as a sender reads them, to bytes."""

import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.mail import EmailMultiAlternatives  # noqa: E402
from django.core.management import call_command  # noqa: E402

from digest.editions.draft import Draft, Hit, Section  # noqa: E402
from digest.editions.rank import score  # noqa: E402
from digest.mail.compose import Addressee, Composer  # noqa: E402
from digest.models import Change, Source  # noqa: E402
from digest.pipeline import wordings  # noqa: E402
from digest.pipeline.looking import look_at  # noqa: E402
from digest.pipeline.rendering import Renderer  # noqa: E402
from digest.pipeline.sweeps import few_sweeps  # noqa: E402
from digest.sources.listing import Facts  # noqa: E402
from subscribers.links import sign  # noqa: E402
from subscribers.outbox.hand import RENDER_AT_ONCE  # noqa: E402
from subscribers.outbox.message import SLOT, Message, message_id  # noqa: E402
from subscribers.outbox.queue import Owed  # noqa: E402
from tests.bench import crowd  # noqa: E402
from tests.bench.drafting import drafts  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402
from tests.digest.mail import reference  # noqa: E402
from tests.digest.mail.reading import read, spelled_alike  # noqa: E402
from tests.house import item  # noqa: E402

NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)
PAPERS = 300
TITLE, ABSTRACT = 80, 1_400  # characters: as long as 10 and 200 words of English; invented words are longer
SAMPLE = 500  # mails rendered in full, and compared after decoding
PIECES = 300  # that a mail is joined from, nearly
A_BATCH = RENDER_AT_ONCE

Row = tuple[Any, ...]  # of a letter, as the database's driver gives it: its content is text


def main(length: str, count: int) -> None:
    facts, words = prepare()
    some = frozenset(random.Random(count).sample(range(count), min(SAMPLE, count)))
    kept: list[tuple[Draft, Row, Message]] = []
    render, sizes, seconds = Renderer(), [0, 0], 0.0
    once = made_once(render, facts, words, length)
    made = drafts(count, facts, length)
    for start in range(0, count, A_BATCH):
        mine = [replace(draft, wording=words) for draft in islice(made, A_BATCH)]
        rows = list(letters(mine, start))
        mails, cpu = composed(render, rows)
        seconds += cpu
        sizes[0] += sum(len(row[5]) for row in rows)
        sizes[1] += sum(len(mail.data) for mail in mails)
        kept += [(mine[n - start], rows[n - start], mails[n - start]) for n in some if start <= n < start + len(mine)]
    most = peak()
    full = in_full(kept, facts, words)
    joined = seconds / count * 1e6
    weight, content = sizes[1] / count / 1000, sizes[0] / count
    cells = [
        length,
        f"{count:,}",
        f"{weight:.1f}",
        f"{content:,.0f}",
        f"{once / len(facts) * 1000:.1f}",
        f"{joined:.1f}",
        f"{least(kept):.1f}",
    ]
    print("\t".join([*cells, f"{full:,.0f}", f"{full / joined:.0f}", f"{most:.0f}"]))


def made_once(render: Renderer, facts: dict[int, Facts], words: tuple[int, ...], length: str) -> float:
    """CPU seconds for the frame and for each paper's card, by a letter that names all papers and marks nothing."""
    sections = (Section(1, "All", "all", tuple(Hit(change, score(one)) for change, one in facts.items())),)
    (draft,) = islice(drafts(1, facts, length), 1)
    (row,) = letters([replace(draft, sections=sections, wording=words)], -1)
    _, cpu = composed(render, [row])
    return cpu


def prepare() -> tuple[dict[int, Facts], tuple[int, ...]]:
    """The papers of a day as changes, and the wording in force."""
    call_command("migrate", verbosity=0)
    listed = [item(f.key, cut(f.title, TITLE), cut(f.abstract, ABSTRACT), f.upvotes, number % 7)
              for number, f in enumerate(crowd.listed(PAPERS))]  # fmt: skip
    look_at(Source.objects.get(slug="huggingface"), date(2026, 11, 25), [json.dumps(listed).encode()], NOW)
    facts = {change.number: Facts.from_json(change.facts, change.at.date()) for change in Change.objects.all()}
    return facts, wordings.in_force("digest", NOW)


def cut(text: str, most: int) -> str:
    return text[: text.rfind(" ", 0, most)].rstrip(".") + "."


def letters(made: Sequence[Draft], first: int) -> Iterator[Row]:
    chance = random.Random(first)
    for number, draft in enumerate(made, first):
        slot, key = datetime.fromisoformat(draft.slot).astimezone(UTC), f"{chance.getrandbits(128):032x}"
        name = message_id("digest", key, slot, settings.SITE_HOST)
        address = f"reader.{chance.getrandbits(40):x}@mail{number % 97}.example.org"
        yield number, number, "digest", slot, name, json.dumps(draft.to_json()), NOW, 0, address, key


def composed(render: Renderer, rows: Sequence[Row]) -> tuple[list[Message], float]:
    """The mails of a batch, and CPU seconds from the rows to them."""
    found, cpu, _ = measured(lambda: render([Owed(*row[:5], json.loads(row[5]), *row[6:]) for row in rows]))
    mails = list(found.values())
    assert all(isinstance(mail, Message) for mail in mails), mails[0]
    return mails, cpu  # type: ignore[return-value]


def least(kept: Sequence[tuple[Draft, Row, Message]]) -> float:
    """CPU microseconds a mail of what nobody can do without: its content read, its two tokens signed, its bytes put
    together from pieces that lie ready."""
    work = [(row, list(parted(mail.data))) for _, row, mail in kept]
    secret = settings.LINK_KEY.encode()

    def one(row: Row, pieces: list[bytes]) -> object:
        key, slot = row[9], row[3].strftime(SLOT)
        return json.loads(row[5]), sign(secret, "read", f"{key}:{slot}"), sign(secret, "leave", key), b"".join(pieces)

    _, cpu, _ = measured(lambda: [one(*of) for of in work])
    return cpu / len(kept) * 1e6


def parted(data: bytes) -> Iterator[bytes]:
    size = len(data) // PIECES + 1
    return (data[start : start + size] for start in range(0, len(data), size))


def in_full(kept: Sequence[tuple[Draft, Row, Message]], facts: dict[int, Facts], words: tuple[int, ...]) -> float:
    """CPU microseconds a mail of the way one would write it first and well; the same content, or it stops."""
    site = wordings.site()
    composer = Composer(wordings.wording(words), site, facts)
    work = [(draft, addressee(draft, row), composer.subject(draft), row[4]) for draft, row, _ in kept]
    for one in facts.values():
        reference.known(one, site.url, kept[0][0].length)
    slow, cpu, _ = measured(lambda: [plainly(draft, facts, to, subject, name) for draft, to, subject, name in work])
    for (_, _, fast), full in zip(kept, slow, strict=True):
        assert bodies(fast.data) == bodies(full), "the two differ"
    return cpu / len(kept) * 1e6


def addressee(draft: Draft, row: Row) -> Addressee:
    slot, email, key = row[3], row[8], row[9]
    secret = settings.LINK_KEY.encode()
    token, leave = sign(secret, "read", f"{key}:{slot.strftime(SLOT)}"), sign(secret, "leave", key)
    return Addressee(email, key, token, leave, draft.asked, draft.added, draft.topics, draft.schedule)


def plainly(draft: Draft, facts: dict[int, Facts], to: Addressee, subject: str, name: str) -> bytes:
    """Django's way: both bodies from templates that are compiled once, EmailMultiAlternatives, bytes."""
    site = wordings.site()
    text, html = (reference.body(draft, facts, site, to, subject, format) for format in ("txt", "html"))
    leave = f"<{site.url}/leave/{to.leave_token}>"
    headers = {"Message-ID": name, "List-Unsubscribe": leave, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = EmailMultiAlternatives(subject, text, site.mail_from, [to.email], headers=headers, reply_to=[site.reply_to])
    mail.attach_alternative(html, "text/html")
    return mail.message().as_bytes(linesep="\r\n")


def bodies(data: bytes) -> tuple[str, str]:
    mail = read(data)
    return mail.text, spelled_alike(mail.html)


if __name__ == "__main__":
    with few_sweeps():  # as the sender has it
        main(sys.argv[1], int(sys.argv[2]))
