"""The scripts that lie in the package are what their sources build to."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.needs import needs

ROOT = Path(__file__).parents[2]
BUILT = (
    "src/foreword/server/page/page.js",
    "src/foreword/server/page/service-worker.js",
    "src/foreword/server/page/shared.js",
    "src/foreword/server/page/translate.js",
    "src/foreword/server/page/worker.js",
    "src/foreword/exporting/keyman.js",
    "src/foreword/inspect/page/page.js",
    "packages/javascript/foreword.js",
    "packages/javascript/foreword.d.ts",
)


def npm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=folder, capture_output=True, text=True, timeout=240
    )


@needs("npm")
def test_each_page_s_script_is_what_its_sources_build_to(tmp_path: Path) -> None:
    sources = tmp_path / "page"
    shutil.copytree(ROOT / "page", sources, ignore=shutil.ignore_patterns("node_modules"))
    installed = npm(sources, "ci", "--no-audit", "--no-fund", "--prefer-offline")
    if installed.returncode != 0:
        sys.stderr.write(installed.stderr[-2000:])  # shown where a skip is a failure
        pytest.skip("npm could not install what builds the page: its registry is needed")
    checked = npm(sources, "run", "check")
    assert checked.returncode == 0, checked.stdout
    built = npm(sources, "run", "build")
    assert built.returncode == 0, built.stderr
    for path in BUILT:
        script = (tmp_path / path).read_text("utf-8")
        assert script == (ROOT / path).read_text("utf-8"), (
            "run `make page`, and commit what it builds"
        )
