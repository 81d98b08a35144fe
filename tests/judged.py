"""`python -m tests.judged [--mails N]`: so many signed digests, with naughty strings in every field, before mailcheck.

Papers are made of the sample days' sentences; a third of them, of the readers' topics and of the authors have something
naughty beside or in the place of plain words. Where the captured listings are, real papers stand beside them. mailcheck
is the kit's (set KIT to its folder); it looks at every mail, its table is shown, and its verdict is ours.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import sentences
from tests.listings import BESIDE, listings_folder

KIT = Path(os.environ.get("KIT", "") or BESIDE.parent / "kit")
DOMAIN, SELECTOR = "digest.example.org", "s1"
DAY, NOW = date(2026, 11, 25), datetime(2026, 11, 25, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=20)  # when the letters are posted: everybody's part of the jitter is over
INVENTED, NAUGHTY_SHARE = 60, 1 / 3
EVERYTHING = 50  # of so many readers one asks for all papers
QUERIES = ("robot*", "lichen* OR protein", "speech", "diffusion", "cache OR manual*", "counterpoint OR melody", "moon",
           "telephone*", "weather OR satellite", '"model reads" OR ferry', "has:code upvotes:>=2")  # fmt: skip
NAUGHTY = (
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "=?utf-8?q?R&D?=",
    "\u202egnp.exe",
    "a\u200bb\u200dc",
    "${7*7} {{ 7*7 }} {% raw %}",
    "\r\nBcc: x@example.org",
    "\u03a9\u2248\xe7\u221a\u222b\u02dc\xb5\u2264\u2265\xf7",
    "\u7530\u4e2d\u3055\u3093\u306b\u3042\u3052\u3066\u4e0b\u3055\u3044",
    "\u0645\u0646\u0627\u0642\u0634\u0629 \u0633\u0628\u0644",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f9ea",
    "T\u0317\u033a\u0356\u0339\u032f\u0353\u1e6e\u0324\u034d\u0325\u0347\u0348h\u0332\u0301e\u034f\u0353\u033c\u0317\u0319\u033c\u0323\u0354",
    "--boundary",
    ".",
    "..\r\n.\r\n",
    "From me to you",
    "&amp;&lt;b&gt;",
    "javascript:alert(1)",
    "https://evil.example/?a=1&b=%0a",
    "\x00\x07\x1b[31m",
    "\ud83d",
    "x" * 300,
    "0",
    "null",
    "\\end{document} $\\alpha_{",
    "1;DROP TABLE letters",
    "=cmd|' /C calc'!A0",
    "\u2028\u2029\ufeff",
    "\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa",
    "\u2167 \xbd \xb2 \ufb01",
    "\u0301\u0302\u0303 combining first",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="a folder for the mails and the key")
    options = parser.parse_args()
    if not (KIT / "mailcheck").exists():
        sys.exit(f"no mailcheck in {KIT} (set KIT to the kit's folder)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        mails, key = folder / "mails", a_key(folder)
        begin(folder, mails, key)
        written = write(options.mails)
        print(f"{written} digests in {mails}", flush=True)
        check = [KIT / "mailcheck", mails, "--dkim-key-file", key, "--selector", SELECTOR, "--domain", DOMAIN,
                 "--sample", str(written)]  # fmt: skip
        return subprocess.run(check, check=False).returncode


def a_key(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    file = folder / "dkim.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    file.chmod(0o600)
    return file


def begin(folder: Path, mails: Path, key: Path) -> None:
    """Django with a new database, as the service would be set up in production."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digest.settings",
        "DIGEST_HOME": str(folder / "home"),
        "DATABASE_URL": f"sqlite:///{folder / 'judged.sqlite3'}",
        "EMAIL_URL": f"file://{mails}",
        "SITE_URL": f"https://{DOMAIN}",
        "MAIL_FROM": f"Daily Papers <digest@{DOMAIN}>",
        "REPLY_TO": f"people@{DOMAIN}",
        "POSTAL_ADDRESS": "1 Example Street, 12345 Sampletown",
        "DKIM_KEY": str(key),
        "DKIM_SELECTOR": SELECTOR,
        "DKIM_DOMAIN": DOMAIN,
    }
    import django

    django.setup()


def write(count: int) -> int:
    """So many digests in the folder; how many there are."""
    from django.core.management import call_command

    from tests.house import run

    call_command("migrate", verbosity=0)
    post(count)
    return int(run("deliver", "--until-empty", now=LATER)["accepted"])


def post(count: int) -> None:
    """A listing, so many readers, and what they get, in the database of the settings."""
    from tests.house import fetch, run

    chance = random.Random(5)
    fetch(json.dumps(listed(chance)).encode(), DAY, NOW)
    people(count, chance)
    run("publish", now=LATER)


def listed(chance: random.Random) -> list[dict[str, Any]]:
    """Items as the API of Hugging Face gives them: invented ones, the third of them naughty, and real ones."""
    folder = listings_folder()
    real = json.loads((folder / "huggingface" / "api" / "2026-04-10.json").read_text()) if folder else []
    invented = [invented_item(number, *text, chance) for number, text in enumerate(sentences.texts(INVENTED))]
    return [*({**one, "paper": {**one["paper"], "publishedAt": f"{DAY}T00:00:00.000Z"}} for one in real), *invented]


def invented_item(number: int, title: str, abstract: str, chance: random.Random) -> dict[str, Any]:
    bad = NAUGHTY[number % len(NAUGHTY)] if chance.random() < NAUGHTY_SHARE else ""
    title, abstract, author = (f"{bad} {text} {bad}" if bad else text for text in (title, abstract, "Ada Moss"))
    paper = {
        "id": f"2611.{number:05}",
        "title": title,
        "summary": abstract,
        "authors": [{"_id": "1", "name": author, "hidden": False}],
        "publishedAt": f"{DAY}T00:00:00.000Z",
        "upvotes": int(chance.paretovariate(0.9)),
        "githubRepo": "https://code.example.org/x" if chance.random() < 0.4 else "",
        "organization": {"name": "lab", "fullname": bad or "A Lab"},
    }
    return {"paper": paper, "title": title, "publishedAt": f"{DAY}T00:00:00.000Z", "numComments": chance.randrange(6)}


def people(count: int, chance: random.Random) -> None:
    """Readers whose topics bring a few papers, and some whom they bring everything; some topics are named naughtily."""
    from subscribers import membership
    from subscribers.topics import TopicWish

    for number in range(count):
        chosen = chance.sample(QUERIES, chance.randint(1, 3)) if number % EVERYTHING else ["*"]
        wishes = [
            TopicWish(f"{NAUGHTY[(number + k) % len(NAUGHTY)][:60]} {k}" if chance.random() < NAUGHTY_SHARE else query,
                      query, cap=None if query == "*" else chance.choice((1, 2, 5)))
            for k, query in enumerate(chosen)
        ]  # fmt: skip
        address = f"reader{number}@example.org"
        membership.enrol(address, address, [named(wish) for wish in wishes], NOW, reason="judged",
                         schedule={"zone": chance.choice(("UTC", "Asia/Tokyo", "America/Lima"))})  # fmt: skip


def named(wish: Any) -> Any:
    """Names come from forms, which take what is printable and can be stored."""
    from dataclasses import replace

    from subscribers.naming import one_line

    return replace(wish, name=one_line(wish.name.encode("utf-8", "ignore").decode()) or wish.text)


if __name__ == "__main__":
    sys.exit(main())
