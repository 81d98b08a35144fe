"""Fixtures that all tests share."""

import gc
from pathlib import Path
from typing import Any

import pytest

from subscribers.outbox.mailurl import Folder
from tests.services import SCRATCH

# modules that take longer than one waits for between two edits; `make check` leaves them to `make test`
LONG = {
    "test_bad_days", "test_canonical", "test_captured_batches", "test_captures", "test_engine", "test_environment",
    "test_found", "test_http", "test_huggingface", "test_kinds", "test_mutations", "test_outage", "test_parser",
    "test_reference", "test_search", "test_shelf", "test_transport", "test_way_out", "test_why", "test_words",
}  # fmt: skip


def pytest_configure() -> None:
    """Tests speak plain http; that pages insist on https is shown by the tests of settings."""
    from django.conf import settings

    settings.SECURE_SSL_REDIRECT = False
    # a tenth of a second a password is for those who guess them
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    _find_static_files_once()


def _find_static_files_once() -> None:
    """Each test's client has middleware of its own, which would look through all folders of static files again."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    find, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in LONG:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no collection of garbage looks through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """SQLite's tests run on a file, as the service does: threads and processes share it as they would there."""
    from django.conf import settings

    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(SCRATCH / "test.sqlite3")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look waits for the sake of politeness: how long it would is shown by the tests of that."""
    monkeypatch.setattr("digest.pipeline.fetching.gap", lambda host, kind: 0.0)
    monkeypatch.setattr("digest.pipeline.fetching.sleep", lambda seconds: None)


@pytest.fixture(autouse=True)
def outbox(settings, tmp_path: Path) -> Path:
    """The folder that this test's mails arrive in, and a journal of its own."""
    folder = tmp_path / "mails"
    settings.MAIL_TARGET = Folder(folder)
    settings.JOURNAL = tmp_path / "journal.jsonl"
    return folder
