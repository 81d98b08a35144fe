"""Every mail that leaves is signed when a key is set, and a retry has the same bytes."""

from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest import environment
from digest.environment import SettingError
from subscribers.outbox.dkim import signer
from tests.house import fetch, papers, reader, run, serve

PEM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
R = "r@example.org"


@pytest.fixture(scope="module")
def pem() -> bytes:
    return rsa.generate_private_key(65537, 2048).private_bytes(*PEM)


@pytest.mark.django_db
def test_a_digest_and_people_s_mail_are_signed(outbox: Path, pem, settings):
    settings.DKIM = signer("papers.example.org", "s1", pem)
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 08:00")
    reader(R, now="2026-03-02 09:00")
    serve("2026-03-02 09:01")
    run("reader", "leave", R, now="2026-03-02 10:00")
    serve("2026-03-02 10:01")
    sent = [file.read_bytes() for file in outbox.glob("*.eml")]
    record = settings.DKIM.record.encode()
    assert len(sent) >= 1
    assert all(dkim.verify(mail, dnsfunc=lambda name, timeout=5: record) for mail in sent)


def test_the_key_s_settings_say_what_is_wrong(tmp_path, pem):
    file = tmp_path / "dkim.pem"
    file.write_bytes(pem)
    assert environment.dkim({}, "a@example.org") is None
    named = {"DKIM_KEY": str(file), "DKIM_SELECTOR": "s1"}
    assert environment.dkim(named, "A <a@News.Example.org>").domain == "news.example.org"
    for wrong, said in (
        ({"DKIM_KEY": str(file)}, "DKIM_SELECTOR"),
        ({**named, "DKIM_KEY": str(tmp_path / "no.pem")}, "can't be read"),
        ({**named, "DKIM_SELECTOR": "s 1"}, "is no name of the DNS"),
    ):
        with pytest.raises(SettingError, match=said):
            environment.dkim(wrong, "a@example.org")
    file.write_bytes(b"-----BEGIN")
    with pytest.raises(SettingError, match="openssl genpkey"):
        environment.dkim(named, "a@example.org")
