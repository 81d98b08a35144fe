"""Through a real Postfix into a mailbox and out of it by IMAP: whole, once, and with a signature that holds."""

import os
from collections import Counter

import dkim
import pytest

from subscribers.outbox.dkim import signer
from tests.faults import judged
from tests.lives import MORNING, SLOT, Service
from tests.postfix import Missing, mail_system

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TRACE = (b"Return-Path:", b"X-Original-To:", b"Delivered-To:", b"Received:", b"\t")  # what mail servers put before


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path, **judged.key(tmp_path))
    yield made
    made.close()


def without_trace(mail: bytes) -> bytes:
    lines = mail.splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if not line.startswith(TRACE))
    return b"".join(lines[first:])


def test_digests_and_confirmations_come_out_as_they_went_in(service, tmp_path):
    service.look("2603.00001", "2603.00002", now="2026-03-02T05:00Z")
    service.readers(5)
    service.json("reader", "add", "new@example.org", "--topic", "All=*", "--now", MORNING)
    service.json("publish", "--now", MORNING)
    service.keep()
    service.email_url = f"file://{tmp_path / 'out'}"
    assert service.json("deliver", "--until-empty", "--now", SLOT)["accepted"] == 6
    left = Counter(file.read_bytes() for file in (tmp_path / "out").glob("*.eml"))
    service.back()
    try:
        with mail_system() as system:
            service.email_url = f"{system.url}?connections=3"
            assert service.json("deliver", "--until-empty", "--now", SLOT)["accepted"] == 6
            came = system.fetched()
    except Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"not on this machine: {missing}")
    assert Counter(map(without_trace, came)) == left
    key = signer(judged.DOMAIN, judged.SELECTOR, (tmp_path / "dkim.pem").read_bytes())
    assert all(dkim.verify(mail, dnsfunc=lambda name, timeout=5: key.record.encode()) for mail in came)
