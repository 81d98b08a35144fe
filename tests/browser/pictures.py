"""`python -m tests.browser.pictures`: starts the service on an empty folder and takes the handbook's screenshots."""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.up import PATIENCE, ROOT, Up, as_after_a_clone, wait

FOLDER = ROOT / "digest" / "docs" / "pictures"
MARGIN = 16  # pixels
WIDE, NARROW = {"width": 1100, "height": 860}, {"width": 380, "height": 800}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="up") as folder:
        service = Up(Path(folder) / "home", as_after_a_clone())
        try:
            service.start()
            print(f"the first mail {wait(lambda: service.arrived() > 0, PATIENCE, 'the first mail'):.1f} s after `up`")
            service.wait_until_up()
            take_all(service)
        finally:
            service.stop()


def take_all(service: Up) -> None:
    chromium = shutil.which("chromium") or sys.exit("chromium is not on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        home = f"http://localhost:{service.port}"
        readers(browser, home)
        operators(browser, home, service.said())
        browser.close()


def readers(browser: Browser, home: str) -> None:
    """The site in light, a phone in dark, the inbox with the first digest."""
    page = browser.new_page(base_url=home, viewport=WIDE)
    take(page, "/", "front")
    take(page, "/?q=robot*+-survey", "search")
    topic(browser.new_page(base_url=home, viewport={"width": 1240, "height": 900}))
    page.goto("/inbox/")
    page.locator(".paper h2 a").first.click()
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / "inbox.png", full_page=True)
    mine = page.frame_locator("iframe").locator("a", has_text=re.compile("topic", re.I)).first.get_attribute("href")
    take(page, mine or "/", "mine")
    phone = browser.new_page(base_url=home, viewport=NARROW, color_scheme="dark")
    take(phone, "/", "phone")


def topic(page: Page) -> None:
    """A topic made by boxes, what it brings, and a text that can't be read: the parts of the page, one a picture."""
    page.goto("/try/")
    page.get_by_label("All of").fill("language model")
    page.get_by_label("None of").fill("survey")
    page.get_by_label("Upvotes, at least").fill("20")
    page.get_by_label("And anything by").fill("A Crestwell, D Wolkmuller")
    press(page)
    part(page, "#topic", "topic")
    part(page, "#brings", "brings")
    page.get_by_label("As text").fill("language (model* OR agent* -survey")
    press(page)
    part(page, "#says", "wrong")


def press(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Show what it would bring").click()


def part(page: Page, selector: str, name: str) -> None:
    """A part of a page with a margin around it."""
    page.evaluate("scrollTo(0, 0)")  # places are told from the top of what is seen
    box = page.locator(selector).bounding_box()
    assert box is not None
    clip = {"x": box["x"] - MARGIN, "y": box["y"] - MARGIN, "width": box["width"] + 2 * MARGIN,
            "height": box["height"] + 2 * MARGIN}  # fmt: skip
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True, clip=clip)


def operators(browser: Browser, home: str, said: str) -> None:
    page = browser.new_page(base_url=home, viewport=WIDE)
    page.goto("/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(re.findall(r"password (\S{20}) ", said)[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()
    take(page, "/admin/", "admin", full=True)


def take(page: Page, path: str, name: str, *, full: bool = False) -> None:
    page.goto(path)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=full)


if __name__ == "__main__":
    main()
