"""The local inbox shows mails as they are, and nothing in them can do anything."""

from pathlib import Path

import pytest
from django.test import Client, override_settings

from digest import inbox
from digest.views.inbox import TABS
from subscribers.outbox.mailurl import Folder, MailServer

RAW = b"""From: Digest <digest@example.org>\r
To: r@example.org\r
Subject: =?utf-8?q?=3Cb=3EZw=C3=B6lf_new?=\r
Date: Wed, 25 Nov 2026 07:30:00 +0000\r
List-Id: <papers.example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary=x\r
\r
--x\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Sch\xc3\xb6n <https://papers.example.org/confirm/abc>\r
--x\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
<html><head></head><body><script>alert(1)</script><a href="https://papers.example.org/confirm/abc">Yes</a></body>\r
--x--\r
"""


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    mails = tmp_path / "mails"
    mails.mkdir()
    settings.LOCAL_INBOX, settings.MAIL_TARGET = True, Folder(mails)
    return mails


def get(address: str):
    return Client().get(address)


def test_a_mail_is_read_with_its_subject_parts_and_headers(folder):
    (folder / "one.eml").write_bytes(RAW)
    (mail,) = inbox.newest(folder)
    assert (mail.name, mail.subject, mail.to) == ("one.eml", "<b>Zwölf new", "r@example.org")
    assert mail.date is not None
    assert mail.date.isoformat() == "2026-11-25T07:30:00+00:00"
    assert mail.text.startswith("Schön")
    assert "<script>" in mail.html
    assert ("List-Id", "<papers.example.org>") in mail.headers


def test_no_name_leads_out_of_the_folder_or_to_a_mail_half_written(folder):
    (folder.parent / "secret.eml").write_bytes(RAW)
    (folder / ".half.eml").write_bytes(RAW)
    (folder / "link.eml").symlink_to(folder.parent / "secret.eml")
    for name in ("../secret.eml", ".half.eml", "link.eml", "/etc/passwd", "", "."):
        assert inbox.mail(folder, name) is None
    assert inbox.newest(folder) == []


def test_a_folder_that_is_not_there_is_an_empty_inbox(folder):
    assert inbox.newest(folder / "missing") == []
    folder.rmdir()
    assert "Nothing has arrived yet" in get("/inbox/").content.decode()


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"Subject: x\nContent-Type: text/plain; charset=klingon\n\n\xff"]
)
def test_bytes_that_are_hardly_a_mail_are_shown_still(folder, raw):
    (folder / "odd.eml").write_bytes(raw)
    for address in ("/inbox/", "/inbox/odd.eml/", *(f"/inbox/odd.eml/{tab}" for tab in TABS)):
        assert get(address).status_code == 200


def test_the_list_and_each_side_escape_what_the_mail_says(folder):
    (folder / "one.eml").write_bytes(RAW)
    for address in ("/inbox/", *(f"/inbox/one.eml/{tab}" for tab in TABS)):
        page = get(address).content.decode()
        assert "&lt;b&gt;Zwölf new" in page
        assert "<b>Zwölf" not in page
        assert "<script" not in page


def test_a_link_in_the_text_can_be_followed(folder):
    (folder / "one.eml").write_bytes(RAW)
    assert 'href="https://papers.example.org/confirm/abc"' in get("/inbox/one.eml/text").content.decode()


def test_the_html_of_a_mail_is_sandboxed_twice_and_its_links_open_in_the_whole_window(folder):
    (folder / "one.eml").write_bytes(RAW)
    assert 'sandbox="allow-top-navigation-by-user-activation"' in get("/inbox/one.eml/").content.decode()
    answer = get("/inbox/one.eml/body")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "allow-scripts" not in policy
    assert answer["Cache-Control"] == "no-store"
    assert answer.get("X-Frame-Options") == "SAMEORIGIN"
    assert '<base target="_top">' in answer.content.decode()


def test_there_is_no_inbox_where_mail_really_leaves_or_others_can_reach_the_site(settings, folder):
    (folder / "one.eml").write_bytes(RAW)
    addresses = ("/inbox/", "/inbox/one.eml/", "/inbox/one.eml/body", "/inbox/one.eml/source")
    with override_settings(LOCAL_INBOX=False):
        assert {get(address).status_code for address in addresses} == {404}
    with override_settings(MAIL_TARGET=MailServer("smtp", "mail.example.org", 25)):
        assert {get(address).status_code for address in addresses} == {404}


def test_reading_is_all_one_can_do(folder):
    (folder / "one.eml").write_bytes(RAW)
    client = Client()
    for address in ("/inbox/", "/inbox/one.eml/", "/inbox/one.eml/body"):
        assert client.post(address).status_code == 405
    assert get("/inbox/two.eml/").status_code == 404
    assert get("/inbox/one.eml/attachments").status_code == 404
