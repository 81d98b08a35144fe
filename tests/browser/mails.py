"""`python -m tests.browser.mails`: screenshots of every mail, from the golden files, for the handbook."""

import shutil
import sys
from itertools import product

from playwright.sync_api import Browser, sync_playwright

from tests.browser.pictures import FOLDER
from tests.digest.mail.test_golden import FOLDER as GOLDEN

WIDTHS = (360, 700)  # pixels: a phone, a mail reader on a desk
MODES = ("light", "dark")
MOST = 1_500  # pixels of height that are shown


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("chromium is not on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        for mail in sorted(GOLDEN.glob("*.html")):
            for width, mode in product(WIDTHS, MODES):
                take(browser, mail.stem, mail.read_text(), width, mode)
        browser.close()


def take(browser: Browser, name: str, html: str, width: int, mode: str) -> None:
    """One mail in one width and mode, its beginning when it is long; nothing is loaded from anywhere."""
    page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=mode, offline=True)  # type: ignore[arg-type]
    page.set_content(html)
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, MOST)}
    page.screenshot(path=FOLDER / f"mail-{name.replace('_', '-')}-{mode}-{width}.png", full_page=True, clip=clip)
    page.close()


if __name__ == "__main__":
    main()
