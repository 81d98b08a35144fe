"""The header of a mail."""

from __future__ import annotations

import email.policy
import re
from base64 import b64decode
from dataclasses import replace
from datetime import datetime
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr
from quopri import decodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.headers import Envelope, encoded_subject, subject_line
from tests.digest.mail.invented import MESSAGE_ID, NOW, READER, SITE

SCRIPTS = (
    'Q&A isn\'t "hard" if 1 < 2: zażółć gęślą jaźń 東京の苔の研究 🧪 żabie łąki 山の静けさ płytki śnieg 苔庭の朝 '
    "długie cienie 🧫 森の音 źdźbło trawy 水と石 🌿 ciche światło 雨の匂い"
)
ONCE = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id", "List-Help",
    "List-Archive", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Precedence",
    "X-Auto-Response-Suppress", "Feedback-ID",
)  # fmt: skip
WORD = re.compile(r"=\?utf-8\?([bq])\?([^?]*)\?=", re.IGNORECASE)


def header(subject: str = "2 new, 25 Nov 2026: Moss", site: object = SITE, **reader: str) -> bytes:
    envelope = Envelope(site, "digest")  # type: ignore[arg-type]
    return envelope.header(replace(READER, **reader), subject, MESSAGE_ID, NOW, "2026-11-25")


def raw_subject(data: bytes) -> str:
    found = re.search(rb"(?m)^Subject: ([^\r]*(?:\r\n[ \t][^\r]*)*)", data)
    assert found
    return found[1].decode()


def word_by_word(raw: str) -> str:
    """RFC 2047 read by hand: each encoded word is a whole text of its own."""
    parts = [(kind.lower(), text) for kind, text in WORD.findall(raw)]
    decoded = [b64decode(text) if kind == "b" else decodestring(text.replace("_", " ")) for kind, text in parts]
    return "".join(data.decode() for data in decoded)


READERS = {
    "default policy": lambda data: str(BytesParser(policy=email.policy.default).parsebytes(data)["Subject"]),
    "SMTP policy, header alone": lambda data: str(
        BytesHeaderParser(policy=email.policy.SMTP).parsebytes(data)["Subject"]
    ),
    "decode_header": lambda data: str(make_header(decode_header(BytesParser().parsebytes(data)["Subject"]))),
    "unfolded first": lambda data: str(make_header(decode_header(raw_subject(data).replace("\r\n", "")))),
    "by hand": lambda data: word_by_word(raw_subject(data)),
    "written again": lambda data: str(
        BytesParser(policy=email.policy.default).parsebytes(
            BytesParser(policy=email.policy.SMTP).parsebytes(data).as_bytes()
        )["Subject"]
    ),
}


@pytest.mark.parametrize("way", READERS)
def test_a_long_subject_of_many_scripts_reads_the_same_in_six_ways(way: str) -> None:
    subject = subject_line(f"1 new, 25 Nov 2026: {SCRIPTS}")
    assert READERS[way](header(subject)) == subject


@pytest.mark.parametrize("topic", ["=?utf-8?q?R&D?=", "=?x?=", "a =? b", "R&D 'x' \"y\" <z>"])
def test_a_subject_that_looks_encoded_is_parted_and_plain(topic: str) -> None:
    parted = topic.replace("=?", "= ?")
    data = header(subject_line(topic))
    assert raw_subject(data).replace("\r\n", "") == parted
    assert all(read(data) == parted for way, read in READERS.items() if way != "by hand")


@pytest.mark.parametrize("subject", ["=?utf-8?q?R&D?=", "=?x?=", "a =? b", "x" * 120])
def test_what_can_only_stand_encoded_is_literal(subject: str) -> None:
    data = header(subject)
    assert READERS["default policy"](data) == subject
    assert READERS["decode_header"](data) == subject


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_subject_reads_back_in_short_lines_of_whole_letters(text: str) -> None:
    subject = subject_line(text)
    data = header(subject)
    assert READERS["decode_header"](data).strip() == subject
    raw = raw_subject(data)
    assert all(len(line) <= 76 for line in f"Subject: {raw}".split("\r\n"))
    if "=?" in raw:
        assert word_by_word(raw) == subject


def test_a_long_plain_subject_is_folded_at_spaces() -> None:
    subject = "15 new, 25 Nov 2026: Long-context inference 10, Robot learning 3, Honest evaluation of everything 2"
    assert encoded_subject(subject).replace("\r\n", "") == subject
    assert "=?" not in encoded_subject(subject)


def test_each_field_is_there_once() -> None:
    parsed = BytesParser(policy=email.policy.default).parsebytes(header())
    assert sorted(parsed.keys()) == sorted(ONCE)
    assert parsed["List-Unsubscribe"] == f"<https://papers.example.org/leave/{READER.leave_token}>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Id"] == "Daily Papers Digest <digest.papers.example.org>"
    assert parsed["Message-ID"] == MESSAGE_ID
    assert parsed["Date"] == "Wed, 25 Nov 2026 06:31:12 +0000"
    assert "In-Reply-To" not in parsed
    assert "References" not in parsed


def test_a_mail_that_can_not_be_left_names_no_way_to() -> None:
    parsed = BytesParser(policy=email.policy.default).parsebytes(header(leave_token=""))
    assert sorted(parsed.keys()) == sorted(name for name in ONCE if not name.startswith("List-Unsubscribe"))


def test_a_name_of_another_script_is_encoded_and_a_missing_one_is_the_site_s() -> None:
    site = replace(SITE, name="Noticias de artículos 🧪 " * 4, mail_from="digest@papers.example.org", reply_to="")
    data = header(site=site)
    for field in ("From", "Reply-To"):
        name, address = parseaddr(BytesParser().parsebytes(data)[field])
        assert str(make_header(decode_header(name))) == site.name.strip()
        assert address == "digest@papers.example.org"
    assert all(len(line) <= 78 for line in data.split(b"\r\n") if b"=?" in line)


HOSTILE = ("x\r\nBcc: o@example.org", "x\nBcc: o@example.org", "x\rBcc: o@example.org", "x\0y", "x y", "ä", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_field_can_begin_another(text: str) -> None:
    for field in ("email", "leave_token"):
        if field == "leave_token" and not text:
            continue
        with pytest.raises(ValueError, match="can't stand in a header"):
            header(**{field: text})
    envelope = Envelope(SITE, "digest")
    with pytest.raises(ValueError, match="can't stand in a header"):
        envelope.header(READER, "x", text, NOW, "2026-11-25")
    with pytest.raises(ValueError, match="can't stand in a header"):
        envelope.header(READER, "x", MESSAGE_ID, NOW, text)
    for field in ("url", "mail_from", "list_domain"):
        with pytest.raises(ValueError, match="can't stand in a header"):
            Envelope(replace(SITE, **{field: f"https://{text}" if field == "url" else text or " "}), "digest")


@pytest.mark.parametrize("text", [text for text in HOSTILE if not text.isprintable()])
def test_a_subject_with_a_line_end_is_refused_and_a_name_with_one_is_cleaned(text: str) -> None:
    with pytest.raises(ValueError, match="the subject"):
        header(subject=text)
    parsed = BytesParser(policy=email.policy.default).parsebytes(header(site=replace(SITE, name=text)))
    assert sorted(parsed.keys()) == sorted(ONCE)


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        Envelope(SITE, "digest").header(READER, "x", MESSAGE_ID, datetime(2026, 11, 25), "2026-11-25")


@pytest.mark.parametrize("subject", ["R&D =?utf-8?q?R&D?= 2 3, <img src=x onerror=alert(1)>", "x" * 150])
def test_ascii_is_never_hidden_in_base64(subject: str) -> None:
    encoded = encoded_subject(subject)
    assert "=?utf-8?q?" in encoded
    assert "?b?" not in encoded
    assert str(make_header(decode_header(encoded))) == subject
