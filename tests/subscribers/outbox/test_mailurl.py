"""EMAIL_URL."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.outbox.mailurl import Folder, MailServer, read_mail_url

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer("smtp", "mail.example.org", 25)),
        ("smtps://mail.example.org", MailServer("smtps", "mail.example.org", 465)),
        ("smtp+starttls://mail.example.org", MailServer("smtp+starttls", "mail.example.org", 587)),
        ("smtp://127.0.0.1:2525/", MailServer("smtp", "127.0.0.1", 2525)),
        ("smtp://[::1]:2525", MailServer("smtp", "::1", 2525)),
        ("smtp://mail_out:25", MailServer("smtp", "mail_out", 25)),
        ("SMTP://Mail.Example.org.:25", MailServer("smtp", "mail.example.org", 25)),
        (" smtp://h:25\n", MailServer("smtp", "h", 25)),
        ("smtp://u:a%2Fb%23c+d@h:25", MailServer("smtp", "h", 25, "u", "a/b#c+d")),
        ("smtp://me%40example.org:p:w@h", MailServer("smtp", "h", 25, "me@example.org", "p:w")),
        ("smtp://h?timeout=2.5", MailServer("smtp", "h", 25, timeout=2.5)),
        ("smtp://h?connections=1", MailServer("smtp", "h", 25, connections=1)),
        ("smtp://h?connections=8&timeout=9", MailServer("smtp", "h", 25, timeout=9, connections=8)),
        ("smtps://u:p@h:99/?timeout=30", MailServer("smtps", "h", 99, "u", "p", 30)),
    ],
)
def test_a_server_is_read(url: str, server: MailServer) -> None:
    assert read_mail_url(url) == server


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///var/mail/out", "/var/mail/out"),
        ("file:///var/mail/out/", "/var/mail/out"),
        ("file:///var/a%20b+c", "/var/a b+c"),
        ("file:///var/a#b", "/var/a#b"),
        ("file:///var/out?timeout=3", "/var/out"),
    ],
)
def test_a_folder_is_read(url: str, path: str) -> None:
    assert read_mail_url(url) == Folder(Path(path))


@settings(deadline=None, max_examples=200)
@given(PLAIN, PLAIN)
def test_any_user_and_password_can_be_written_escaped(user: str, password: str) -> None:
    server = read_mail_url(f"smtp://{quote(user, safe='+')}:{quote(password, safe='+')}@h:25")
    assert server == MailServer("smtp", "h", 25, user, password)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("smtp://u:HID/DEN#X@h:25", ["its password has an unescaped / #", "%2F for /", "%23 for #"]),
        ("smtp://u:HID@DEN@h:25", ["unescaped @", "%40 for @"]),
        ("smtp://u:HID?DEN@h:25", ["unescaped ?", "%3F for ?"]),
        ("smtp://u:HIDDEN%@h:25", ["unescaped %", "%25 for %"]),
        ("smtp://u:HID%2/DEN@h:25", ["unescaped / %"]),
        ("smtp://me@example.org:HIDDEN@h:25", ["its user has an unescaped @"]),
        ("smtp://u:HIDDEN%C3%BC@h:25", ["other than printable ASCII"]),
        ("smtp://u:HIDDENü@h:25", ["other than printable ASCII"]),
        ("smtp://u:HID%0D%0ADEN@h:25", ["other than printable ASCII"]),
        ("smtp://u:@h:25", ["both a user and a password"]),
        ("smtp://HIDDEN@h:25", ["both a user and a password"]),
        ("smtp://:HIDDEN@h:25", ["both a user and a password"]),
        ("smtp://u:HIDDEN", ["no readable host and port", "end with @"]),
        ("smtp://u:HID/DEN", ["no readable host and port", "%2F"]),
        ("smtp://u:HIDDEN@", ["no readable host and port"]),
        ("smtp://u:HIDDEN@h:99999", ["between 1 and 65535"]),
        ("smtp://u:HIDDEN@h:0", ["between 1 and 65535"]),
        ("smtp://u:HIDDEN@höst", ["xn--"]),
        ("smtp://u:HIDDEN@h/path", ["no readable host and port"]),
        ("smtp://u:HIDDEN@h:25?time=3", ["an option other than ?timeout=SECONDS and &connections=NUMBER"]),
        ("smtp://u:HIDDEN@h:25?timeout=3&timeout=4", ["an option other than ?timeout=SECONDS"]),
        *[
            (f"smtp://u:HIDDEN@h:25?connections={value}", ["no number from 1 to 512"])
            for value in ("", "0", "-1", "2.5", "x", "513", "9" * 5000)
        ],
        ("smtp://u:HIDDEN@h:25?", ["an option other than ?timeout=SECONDS and &connections=NUMBER"]),
        *[(f"smtp://u:HIDDEN@h:25?timeout={value}", ["no number of seconds above 0"]) for value in ("", "x", "0")],
        *[
            (f"smtp://u:HIDDEN@h:25?timeout={value}", ["no number of seconds above 0"])
            for value in ("-1", "nan", "inf")
        ],
        ("imap://u:HIDDEN@h", ["smtp://, smtps://, smtp+starttls:// and file:///"]),
        ("u:HIDDEN@h", ["smtp://"]),
        ("smtp:u:HIDDEN@h", ["smtp://"]),
        ("", ["smtp://"]),
        ("file://var/mail", ["without its full path"]),
        ("file:///", ["no folder"]),
        ("file:////", ["no folder"]),
        ("file:///a%0Ab", ["no folder"]),
        ("file:///a%", ["unescaped %"]),
        ("file:///a?b", ["an option other than"]),
    ],
)
def test_a_wrong_url_is_refused_in_one_line_that_keeps_the_secret(url: str, says: list[str]) -> None:
    with pytest.raises(ValueError, match=r"as in (smtp|file)") as caught:
        read_mail_url(url)
    words = str(caught.value)
    assert all(part in words for part in says), words
    assert "\n" not in words
    assert not any(secret in words for secret in ("HID", "DEN"))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["smtp://u:", "smtps://", "smtp+starttls://a@b:", "file://"]), st.text(max_size=30))
def test_whatever_is_written_is_read_or_refused(start: str, rest: str) -> None:
    try:
        words = repr(read_mail_url(start + rest))
    except ValueError as wrong:
        words = str(wrong)
    assert words.startswith(("MailServer(", "Folder(", "it ", "its "))
    assert "\n" not in words


def test_the_password_is_in_no_representation() -> None:
    assert "hidden" not in repr(read_mail_url("smtp://u:hidden@h:25"))
