"""What a returned mail says, as standards and servers write it, and what it can't be made to say."""

import email
import os
from pathlib import Path

import pytest
from flufl.bounce import all_failures
from hypothesis import given
from hypothesis import strategies as st

from subscribers.outbox.reports import LINE_MOST, READ_MOST, hard, one_line, plain, read
from tests.returned import arf, dsn, mail, multipart

NESTED = b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n"


@pytest.mark.parametrize(
    ("action", "status", "said", "what", "read_as"),
    [
        ("failed", "5.1.1", "", "hard", "5.1.1"),
        ("failed", "5.2.2 (mailbox full)", "", "hard", "5.2.2"),
        ("Failed", "5.0.0", "550 5.1.1 no such user", "hard", "5.1.1"),
        ("failed", "5.0.0", "", "hard", "5.0.0"),
        ("failed (bounced)", "5.4.4", "", "hard", "5.4.4"),
        ("failed", "", "550 no such user here", "hard", "5.0.0"),
        ("failed", "4.4.7", "", "soft", "4.4.7"),
        ("failed", "5.7.1", "554 5.7.1 your address is blocked", "soft", "5.7.1"),
        ("failed", "5.6.1", "", "soft", "5.6.1"),
        ("failed", "5.1.8", "", "soft", "5.1.8"),
        ("failed", "", "554 we don't like you", "soft", ""),
        ("failed", "", "", "soft", ""),
        ("failed", "2.0.0", "", "soft", "2.0.0"),
        ("delayed", "4.4.1", "", "delayed", "4.4.1"),
        ("delayed", "5.1.1", "550 5.1.1 says so, and goes on trying", "delayed", "5.1.1"),
        ("delivered", "2.1.5", "", "arrived", "2.1.5"),
        ("relayed", "5.1.1", "", "arrived", "5.1.1"),
        ("expanded", "2.0.0", "", "arrived", "2.0.0"),
    ],
)
def test_only_what_failed_with_a_five_is_hard_and_only_when_it_is_not_about_us(action, status, said, what, read_as):
    report = read(dsn((action, status, said)))
    assert (report.what, report.status) == (what, read_as)


def test_of_several_recipients_the_mildest_fate_counts():
    failed, delayed, arrived = ("failed", "5.1.1", ""), ("delayed", "4.0.0", ""), ("delivered", "2.0.0", "")
    assert read(dsn(failed, failed)).what == "hard"
    assert read(dsn(failed, ("failed", "4.4.7", ""))).what == "soft"
    assert read(dsn(failed, delayed)).what == "delayed"
    assert read(dsn(failed, delayed, arrived)).what == "arrived"


def test_what_the_server_said_is_kept_in_one_line():
    report = read(dsn(("failed", "5.1.1", "550 5.1.1 no\n such user\x00")))
    assert report.said == "smtp; 550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("kind", "what"),
    [("abuse", "complaint"), ("Fraud", "complaint"), ("opt-out", "complaint"),
     ("not-spam", "automatic"), ("auth-failure", "automatic"), ("virus", "automatic"), ("other", "automatic"),
     ("", "automatic")],
)  # fmt: skip
def test_some_feedback_is_a_complaint(kind, what):
    assert read(arf(kind)).what == what


def test_outlook_sends_back_the_mail_alone():
    returned = "X-HmXmrOriginalRecipient: r@example.org\nFrom: digest@papers.example.org\n\nPapers."
    fields = {"Subject": "complaint about message from 192.0.2.1", "From": "staff@hotmail.com"}
    assert read(multipart(("message/rfc822", returned), report="x", **fields)).what == "complaint"
    assert read(multipart(("message/rfc822", returned), report="x", Subject="Returned")).what != "complaint"
    assert read(multipart(("text/plain", returned), report="x", **fields)).what == "unread"


@pytest.mark.parametrize(
    "fields",
    [
        ("From: r@example.org", "Auto-Submitted: auto-replied"),
        ("From: r@example.org", "Auto-Submitted: Auto-Replied (vacation)"),
        ("From: r@example.org", "X-Autoreply: yes"),
        ("From: r@example.org", "Precedence: auto-reply"),
        ("From: r@example.org", "Subject: Automatic reply: Papers of today"),
        ("From: r@example.org", "Subject: Out of the office"),
    ],
)
def test_an_automatic_answer_is_one_whatever_it_says(fields):
    said = "Your mail to <r@example.org> could not be delivered: 550 5.1.1 unknown user, since I have left.\n"
    assert read(mail(*fields, body=said)).what == "automatic"


def test_that_a_mail_was_opened_is_nothing_to_us():
    part = ("message/disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed\n")
    assert read(multipart(("text/plain", "Read."), part, report="disposition-notification")).what == "automatic"


def test_a_server_s_own_words_are_hard_where_they_quote_a_status_and_soft_otherwise():
    qmail = (
        "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to "
        "the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        "<r@example.org>:\n{}\n\n--- Below this line is a copy of the message.\n"
    )
    assert read(mail(body=qmail.format("Sorry, no mailbox here by that name. (#5.1.1)"))).what == "hard"
    assert read(mail(body=qmail.format("Sorry, no mailbox here by that name."))).what == "soft"
    assert read(mail("X-Failed-Recipients: r@example.org", body="It failed.")).what == "soft"


def test_a_status_in_the_mail_that_came_back_is_not_the_server_s():
    returned = "From: digest@papers.example.org\n\nOn replies like 550 5.1.1, a paper."
    parts = (("text/plain", "It failed."), ("message/rfc822", returned))
    report = read(multipart(*parts, report="x", X_Failed_Recipients="r@example.org"))
    assert (report.what, report.status) == ("soft", "")


def test_a_report_inside_a_returned_mail_is_not_about_us():
    inner = dsn(("failed", "5.1.1", "")).decode().replace("\r\n", "\n").replace("cut", "inner")
    assert read(multipart(("text/plain", "Look at this."), ("message/rfc822", inner), From="r@example.org")).what in (
        "unread",
        "soft",
    )


@pytest.mark.parametrize("ends", [b"\n", b"\r", b"\r\n"])
def test_any_line_ends_will_do(ends):
    assert read(dsn(("failed", "5.1.1", "")).replace(b"\r\n", ends)).what == "hard"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1000,
        b"Subject: hello\r\n\r\nI read your digest every day.",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + NESTED * 3000,
        b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n--\r\n",
        b"From: MAILER-DAEMON\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
    ],
)  # fmt: skip
def test_no_mail_is_no_report(data):
    assert read(data).what == "unread"


@pytest.mark.parametrize("piece", [b"a ", b"<<", b"((", b"550 5.1.1 ", b"\r\n ", b"=?utf-8?q?", b"x@y.", b"\t\t"])
def test_a_huge_mail_is_read_no_further_than_its_beginning(piece):
    head = b"From: MAILER-DAEMON@example.net\r\n\r\n"
    huge = head + piece * (3_000_000 // len(piece))
    assert read(huge) == read(huge[:READ_MOST])
    assert max(map(len, plain(huge).split(b"\n"))) <= LINE_MOST


@given(st.binary(max_size=2000), st.integers(0, 1500))
def test_whatever_a_report_is_broken_into_reading_it_never_raises(noise, place):
    whole = dsn(("failed", "5.1.1", "550 5.1.1 no such user"))
    assert read(whole[:place] + noise + whole[place:]).what in {
        "hard",
        "soft",
        "delayed",
        "arrived",
        "automatic",
        "unread",
    }
    assert read(noise).what


@given(st.text())
def test_what_a_stranger_says_is_one_bounded_line(text):
    line = one_line(text)
    assert len(line) <= 300
    assert not line or line.isprintable()


@given(st.sampled_from("245"), st.integers(0, 9), st.integers(0, 99))
def test_only_fives_are_hard(kind, subject, detail):
    if hard(f"{kind}.{subject}.{detail}"):
        assert kind == "5"
        assert subject not in (3, 5, 6, 7)


CORPUS = sorted(
    path
    for path in Path(os.environ.get("BOUNCE_CORPUS", "/nonexistent")).rglob("*")
    if path.suffix in (".eml", ".txt") and "/not/" not in str(path)
)


@pytest.mark.skipif(not CORPUS, reason="BOUNCE_CORPUS names no folder of public samples")
def test_of_public_samples_at_least_as_many_are_understood_as_by_the_best_library():
    """BOUNCE_CORPUS is a folder of mails: Sisimai's set-of-emails, flufl.bounce's test data."""
    for path in CORPUS:
        data = path.read_bytes()
        temporary, permanent = all_failures(email.message_from_bytes(data))
        report = read(data)
        if permanent:
            assert report.what in ("hard", "soft"), path.name
        elif temporary:
            assert report.what in ("delayed", "soft"), path.name
