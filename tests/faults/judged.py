"""Signed mails judged by the kit's mailcheck: as they leave, and as a mailbox behind Postfix and Dovecot holds them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.faults import kit
from tests.judged import LATER
from tests.lives import ROOT, Service
from tests.postfix import mail_system

DIGESTS = int(os.environ.get("FAULTS_MAILS", "1000"))
ASKED = 10  # confirmations beside them
NOW = LATER.isoformat()
SELECTOR, DOMAIN = "s1", "papers.example.org"
# The mailbox's own: to the judges the mail comes from one more server, and none hands this field on (RFC 5321, 4.4).
RETURN_PATH = re.compile(rb"\AReturn-Path:[^\n]*\n")
PEM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
POST = "from tests import judged; judged.post({number})"


@dataclass(frozen=True)
class Verdict:
    """What mailcheck says of a folder of mails."""

    where: str
    mails: int
    measures: Mapping[str, Mapping[str, Any]]

    @property
    def bad(self) -> dict[str, int]:
        """Measures that not all mails meet, and how many don't."""
        return {name: len(measure["bad"]) for name, measure in self.measures.items() if measure["bad"]}


def key(folder: Path) -> dict[str, str]:
    """A new RSA key of 2048 bits, as the service's settings name it."""
    file = folder / "dkim.pem"
    file.write_bytes(rsa.generate_private_key(65537, 2048).private_bytes(*PEM))
    return {"DKIM_KEY": str(file), "DKIM_SELECTOR": SELECTOR}


def verdicts(service: Service) -> Iterator[Verdict]:
    """The service was made with `key`. The same letters twice: into a folder, and through the mail servers."""
    code, _, err = service.nursery.run("shell", "--no-imports", "-c", POST.format(number=DIGESTS))
    assert code == 0, err
    for n in range(ASKED):
        service.json("reader", "add", f"new{n}@example.org", "--topic", "All=*", "--now", NOW)
    service.keep()
    out = service.folder / "out"
    service.email_url = f"file://{out}"
    assert service.json("deliver", "--until-empty", "--now", NOW)["accepted"] == DIGESTS + ASKED
    yield _verdict("as they leave", service, out)

    service.back()
    came = service.folder / "came"
    came.mkdir()
    with mail_system() as system:
        service.email_url = f"{system.url}?connections=8"
        assert service.json("deliver", "--until-empty", "--now", NOW)["accepted"] == DIGESTS + ASKED
        for number, mail in enumerate(system.fetched()):
            (came / f"{number}.eml").write_bytes(RETURN_PATH.sub(b"", mail))
    yield _verdict("behind Postfix and Dovecot, over IMAP", service, came)


def _verdict(where: str, service: Service, folder: Path) -> Verdict:
    tool = kit.need("mailcheck", "spamd", "rspamd", "dnsmasq")
    words = [str(tool), str(folder), "--json", "--dkim-key-file", service.env["DKIM_KEY"], "--selector", SELECTOR,
             "--domain", DOMAIN, "--sample", str(DIGESTS + ASKED)]  # fmt: skip
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PATH": kit.PATH}, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return Verdict(where, len(list(folder.glob("*.eml"))), json.loads(done.stdout)["measures"])
