"""Draws `docs/images/page.png`: the page that `foreword serve` shows, as someone types.

python benchmarks/draw_page.py [MODEL]

Needs Chromium on the PATH, and the package playwright.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

TEXT = "How are you today? I would like to go to the market with my sister and buy a bottle of w"


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("there is no chromium on the PATH")
    model = sys.argv[1] if len(sys.argv) > 1 else "everyday-en"
    image = Path(__file__).parents[1] / "docs" / "images" / "page.png"
    server = subprocess.Popen(
        [sys.executable, "-m", "foreword", "serve", model, "--port", "8769"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while "http://" not in (output := server.stdout.readline()):
            if not output:
                sys.exit("the server did not start")
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = started.new_page(viewport={"width": 1180, "height": 800}, color_scheme="light")
            page.goto("http://127.0.0.1:8769/")
            for letter in TEXT:
                page.keyboard.type(letter)
                shown = page.input_value("#field")
                expect(page.locator("html")).to_have_attribute("data-shown", shown)
            page.wait_for_selector(".ghost")
            page.locator("main").screenshot(path=image)
            started.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
