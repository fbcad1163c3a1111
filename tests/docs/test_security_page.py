"""SECURITY.md: each promise names tests, and they are there."""

import re
from pathlib import Path

HOME = Path(__file__).parents[2]
PAGE = (HOME / "SECURITY.md").read_text("utf-8")


def test_every_promise_names_tests_that_exist() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    promises = [row for row in rows if row != "| promise | tested by |"]
    assert len(promises) >= 10
    for row in promises:
        named = re.findall(r"`(tests/[^`]+\.py)`", row)
        assert named, row
        for name in named:
            assert "def test_" in (HOME / name).read_text("utf-8"), name


def test_the_readme_and_the_page_on_deploying_link_to_it() -> None:
    for page in ("README.md", "docs/how-to/deploy.md"):
        assert "SECURITY.md" in (HOME / page).read_text("utf-8")
