"""The browser that pages are opened in."""

import shutil

import pytest

# Nothing is downloaded: the browser is the one that the machine has.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDED = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium or Chrome on this machine's PATH to open the page in"
)
