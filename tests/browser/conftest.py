"""A real browser: Debian's chromium, driven by Playwright, against Django's live server."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

QUIET = ("background-networking", "component-update", "sync", "gpu", "dev-shm-usage")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium from PATH. In CI a missing browser is a failure, elsewhere a skip that says so.

    Playwright keeps an event loop in this thread, and Django then refuses the database to code that is not async:
    it is told not to mind, for these tests alone.
    """
    path = shutil.which("chromium")
    if path is None:
        missing = "chromium is not on PATH: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    flags = ["--no-first-run", *(f"--disable-{what}" for what in QUIET)]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0, args=flags)
        yield chromium
        chromium.close()
