"""Letters into a folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.outbox import folder as folder_module
from subscribers.outbox.folder import FolderSession, file_name
from subscribers.outbox.mailurl import Folder
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Refusal

KEY = "0123456789abcdef" * 2
ID = f"<digest.{KEY}.20261125T073000@digest.example.org>"
NAME = f"digest.{KEY}.20261125T073000@digest.example.org.eml"
DATA = b"Subject: papers\r\n\r\n.one\r\n"


def letter(message_id: str = ID, data: bytes = DATA, recipient: str = "reader@example.org") -> Message:
    return Message(message_id, "digest@example.org", recipient, data)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet"


@pytest.fixture
def session(place: Path) -> FolderSession:
    session = FolderSession(Folder(place))
    session.open()
    return session


def test_a_letter_is_one_file_with_the_bytes_of_the_mail(session: FolderSession, place: Path) -> None:
    session.stage(letter())
    assert list(place.glob("*.eml")) == []
    outcome = session.dot()
    assert (outcome.kind, outcome.stage, outcome.code, outcome.reply) == (
        "accepted",
        "DOT",
        250,
        f"written to {NAME}",
    )
    assert {file.name: file.read_bytes() for file in place.iterdir()} == {NAME: DATA}


def test_a_mail_is_for_its_owner_alone(session: FolderSession, place: Path) -> None:
    session.stage(letter())
    session.dot()
    assert (place / NAME).stat().st_mode & 0o077 == 0


def test_a_letter_sent_twice_is_one_file(session: FolderSession, place: Path) -> None:
    for _ in range(2):
        session.stage(letter())
        assert session.dot().kind == "accepted"
    assert [file.name for file in place.iterdir()] == [NAME]


def test_two_sessions_that_stage_one_letter_do_not_disturb_each_other(session: FolderSession, place: Path) -> None:
    stale = FolderSession(Folder(place))
    stale.open()
    stale.stage(letter())
    session.stage(letter())
    stale.abandon()
    assert session.dot().kind == "accepted"
    assert [file.name for file in place.iterdir()] == [NAME]


def test_an_abandoned_letter_leaves_nothing(session: FolderSession, place: Path) -> None:
    session.stage(letter())
    session.abandon()
    session.abandon()
    assert list(place.iterdir()) == []
    assert session.alive
    session.stage(letter())
    session.close()
    assert list(place.iterdir()) == []
    assert not session.alive


def test_a_folder_refuses_what_a_server_would(session: FolderSession, place: Path) -> None:
    with pytest.raises(Refusal) as caught:
        session.stage(letter(recipient="zoë@example.org"))
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == ("refused", "RCPT")
    with pytest.raises(ValueError, match="CRLF"):
        session.stage(letter(data=b"a\nb\r\n"))
    assert list(place.iterdir()) == []


def test_a_folder_that_cant_be_made_closes_the_channel(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    session = FolderSession(Folder(tmp_path / "file" / "out"))
    with pytest.raises(Refusal) as caught:
        session.open()
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == ("channel", "CONNECT")
    assert "file" in caught.value.outcome.reply
    assert not session.alive


def fails(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_the_channels_trouble_and_leaves_no_half_file(
    session: FolderSession, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Refusal) as caught:
        session.stage(letter())
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == ("channel", "BODY")
    assert "No space left" in caught.value.outcome.reply
    assert list(place.iterdir()) == []
    monkeypatch.undo()
    session.stage(letter())
    assert session.dot().kind == "accepted"


def test_a_rename_that_fails_delivers_nothing(session: FolderSession, place: Path) -> None:
    (place / NAME).mkdir()
    session.stage(letter())
    outcome = session.dot()
    assert (outcome.kind, outcome.stage, outcome.code) == ("deferred", "DOT", None)
    assert [file.name for file in place.iterdir()] == [NAME]


def test_a_rename_that_may_not_last_is_unknown(
    session: FolderSession, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "_sync_folder", fails)
    session.stage(letter())
    assert session.dot().kind == "unknown"
    assert (place / NAME).exists()


def test_steps_out_of_order_are_mistakes(place: Path, session: FolderSession) -> None:
    with pytest.raises(RuntimeError, match="needs an open session"):
        FolderSession(Folder(place)).stage(letter())
    with pytest.raises(RuntimeError, match="no staged letter"):
        session.dot()
    session.stage(letter())
    with pytest.raises(RuntimeError, match="without another staged letter"):
        session.stage(letter())


ids = st.text(min_size=1, max_size=300).map(lambda text: f"<{text}>")


@settings(deadline=None, max_examples=150)
@given(st.lists(ids, min_size=2, max_size=2, unique=True))
def test_every_message_id_has_a_file_name_of_its_own(two: list[str]) -> None:
    names = [file_name(one) for one in two]
    stripped = [one.strip().strip("<>") for one in two]
    assert (names[0] == names[1]) is (stripped[0] == stripped[1])
    for name in names:
        assert Path(name).name == name
        assert not name.startswith(".") or name == ".eml"
        assert len(name.encode()) <= 204


@pytest.mark.parametrize(
    ("message_id", "name"),
    [
        (ID, NAME),
        ("<a/../b@c>", "a%2F..%2Fb@c.eml"),
        ("<.a@b>", "%2Ea@b.eml"),
        ("<a b\0@c>", "a%20b%00@c.eml"),
    ],
)
def test_a_file_name_is_the_message_id_made_safe(message_id: str, name: str) -> None:
    assert file_name(message_id) == name
