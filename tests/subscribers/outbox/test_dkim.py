"""Signatures, judged by dkimpy."""

from __future__ import annotations

import re
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.outbox.dkim import SIGNED, Signer, signer
from tests.digest.mail.invented import DRAFT, MESSAGE_ID, NOW, READER, composer

PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@cache
def made() -> Signer:
    return signer("papers.example.org", "s1", rsa.generate_private_key(65537, 2048).private_bytes(*PEM))


def holds(mail: bytes, by: Signer) -> bool:
    return bool(dkim.verify(mail, dnsfunc=lambda name, timeout=5: by.record.encode()))


def test_a_digest_s_signature_holds() -> None:
    mail = made().signed(composer().compose(DRAFT, READER, MESSAGE_ID, NOW).data)
    assert holds(mail, made())
    signature = mail.partition(b"\r\nDate:")[0]
    assert max(map(len, signature.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


def test_it_covers_every_header_of_a_digest_and_one_click() -> None:
    mail = made().signed(composer().compose(DRAFT, READER, MESSAGE_ID, NOW).data)
    head = mail.partition(b"\r\n\r\n")[0].decode()
    named = re.sub(r"\s", "", re.search(r"h=([^;]*);", head)[1]).lower().split(":")  # type: ignore[index]
    here = {line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith(("\t", " "))}
    assert here - {"dkim-signature", "x-auto-response-suppress"} <= set(named)
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(named)
    assert named.count("from") == named.count("subject") == 2


def test_the_same_mail_has_the_same_signature() -> None:
    mail = composer().compose(DRAFT, READER, MESSAGE_ID, NOW).data
    assert made().signed(mail) == made().signed(mail)


@pytest.mark.parametrize(
    "change",
    [
        (b"Subject: ", b"Subject: Re: "),
        (b"\r\n\r\n--", b"\r\n\r\nmore\r\n--"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nSubject: another\r\n"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nFrom: boss@example.org\r\n"),
        (b"List-Unsubscribe: <https://", b"List-Unsubscribe: <https://not."),
    ],
)
def test_what_somebody_changes_or_adds_breaks_it(change: tuple[bytes, bytes]) -> None:
    mail = made().signed(composer().compose(DRAFT, READER, MESSAGE_ID, NOW).data)
    assert change[0] in mail
    assert not holds(mail.replace(*change, 1), made())


LINES = st.lists(st.text(alphabet=" \tab=.é", max_size=12), max_size=8)


@settings(deadline=None, max_examples=60)
@given(LINES, LINES, st.sampled_from(["\r\n", "\r\n\r\n", " \r\n \r\n"]))
def test_whatever_spaces_and_empty_lines_there_are(subject: list[str], body: list[str], end: str) -> None:
    folded = "\r\n ".join(line.strip() or "x" for line in subject) or "x"
    mail = f"From: a@papers.example.org\r\nTo: b@example.org\r\nSubject: {folded}\r\n\r\n" + "\r\n".join([*body, end])
    assert holds(made().signed(mail.encode()), made())


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "is no private key in PEM"),
        (rsa.generate_private_key(65537, 1024).private_bytes(*PEM), "has 1024 bits"),
        (ec.generate_private_key(ec.SECP256R1()).private_bytes(*PEM), "is no RSA key"),
    ],
)
def test_a_key_that_can_not_sign_is_refused(pem: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        signer("papers.example.org", "s1", pem)


@pytest.mark.parametrize(("domain", "selector"), [("papers.example.org", "s 1"), ("-x.org", "s1"), ("a\r\nb", "s1")])
def test_a_name_that_is_none_is_refused(domain: str, selector: str) -> None:
    with pytest.raises(ValueError, match="is no name of the DNS"):
        signer(domain, selector, b"")


def test_what_is_signed_is_named_once() -> None:
    assert len({name.lower() for name in SIGNED}) == len(SIGNED)
