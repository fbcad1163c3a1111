"""Draws `docs/images/inspect-*.png`: parts of the page that `foreword inspect` writes.

python benchmarks/draw_inspect.py MODEL_FOLDER [unrolled]
python benchmarks/draw_inspect.py MODEL_FOLDER capacitor

The first shows any model of chats; the second one that was trained on `bracketed_chats.py`, whose
brackets a unit has to remember. What that unit and its gates did is written beside the picture, as
`benchmarks/results/capacitor.csv`. Needs Chromium on the PATH, and the package playwright.
"""

import csv
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import foreword

ROOT = Path(__file__).parents[1]
PARTS = {
    "unrolled": ("talk", "#unrolled-figure"),
    "capacitor": ("bracketed", "#capacitor-figure > .capacitor"),
}
NUMBERS = ROOT / "benchmarks" / "results" / "capacitor.csv"


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("there is no chromium on the PATH")
    part = sys.argv[2] if len(sys.argv) > 2 else "unrolled"
    name, selector = PARTS[part]
    text = (ROOT / f"benchmarks/inspected/{name}.txt").read_text("utf-8").strip()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        inspection = foreword.inspect.inspection(sys.argv[1], text)
        inspection.write(folder)
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(viewport={"width": 1180, "height": 900}, color_scheme="light")
        page.goto((Path(folder) / "index.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        image = ROOT / "docs" / "images" / f"inspect-{part}.png"
        page.locator(selector).screenshot(path=image)
        started.close()
    if part == "capacitor":
        write_numbers(inspection.traced)


def write_numbers(traced: foreword.inspect.TextTrace) -> None:
    """The shown unit's memory and gates, a row a word."""
    layer = traced.layers[0]
    unit = foreword.inspect.telling(layer)
    parts = {"c": layer.states["c"], **layer.gates}
    with NUMBERS.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["word", *parts])
        for t, word in enumerate(traced.reading.words):
            rows.writerow([word, *(f"{values[t, unit]:.6g}" for values in parts.values())])


if __name__ == "__main__":
    main()
