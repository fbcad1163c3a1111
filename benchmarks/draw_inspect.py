"""Draws `docs/images/inspect-*.png`: parts of the page that `foreword inspect` writes.

python benchmarks/draw_inspect.py MODEL_FOLDER

Needs Chromium on the PATH, and the package playwright.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import foreword

TALK = """Hey, how are you doing today?
I'm good, thanks! I just got back from the gym. How about you?
I am doing well. I have been watching a lot of movies this week.
Oh nice, what kind of movies do you like to watch?
I like comedies and action movies. Do you have any favorite movies?
I really like Star Wars, but I have not seen the new one yet."""
PARTS = {"unrolled": "#unrolled-figure", "capacitor": "#capacitor-figure > .capacitor"}


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("there is no chromium on the PATH")
    images = Path(__file__).parents[1] / "docs" / "images"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        foreword.inspect.inspection(sys.argv[1], TALK).write(folder)
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(viewport={"width": 1180, "height": 900}, color_scheme="light")
        page.goto((Path(folder) / "index.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        for name, place in PARTS.items():
            page.locator(place).screenshot(path=images / f"inspect-{name}.png")
        started.close()


if __name__ == "__main__":
    main()
