from pathlib import Path

from foreword.conformance.capabilities import markdown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "kernels.md"


def test_the_page_on_kernels_says_what_the_registry_says() -> None:
    assert markdown() in PAGE.read_text("utf-8"), (
        "write what foreword.conformance.capabilities.markdown() gives into the page"
    )
