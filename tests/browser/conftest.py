"""A real browser: Debian's chromium, driven by Playwright, against Django's live server."""

import importlib
import os
import shutil
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright

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


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request, browser: Browser, live_server, settings) -> Iterator[Page]:
    """A page whose every request, error and violation is watched; links in mails lead to the live server."""
    cache.clear()
    context = browser.new_context(java_script_enabled=request.param, base_url=live_server.url)
    context.set_default_timeout(20_000)
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: _watched(sent, live_server.url, wrong))
    yield page
    context.close()
    assert wrong == []


def _watched(sent, home: str, wrong: list[str]) -> None:
    """No request leaves the site, and none tells where its reader was before."""
    if not sent.url.startswith(home):
        wrong.append(f"outside: {sent.url}")
    if sent.headers.get("referer"):
        wrong.append(f"referer: {sent.headers['referer']}")


@pytest.fixture
def migrated(transactional_db) -> None:
    """What the migrations bring, once more: Playwright's event loop gives this thread a second connection, which knows
    nothing of the rows that pytest-django puts back after a test of this kind."""
    for name in ("digest.migrations.0002_huggingface", "subscribers.migrations.0006_ready_topics"):
        importlib.import_module(name).add(apps, None)
