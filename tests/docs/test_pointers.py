"""Paths, modules and names that the documentation gives in backticks are there."""

import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

import foreword

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "benchmarks/README.md",
]
TOPS = frozenset(
    ("benchmarks", "deploy", "docs", "fuzz", "native", "packages", "page", "src", "tests")
)
CODE = {".py", ".c", ".cpp", ".hpp", ".ts"}
TO_BE_WRITTEN = {
    "foreword_model.py",
    "src/foreword/cells/softsign.py",
    "src/foreword/cli/vocabulary.py",
    "src/foreword/training/recipes/messages.toml",
}
"""Files that a page tells its reader to write."""
OF_MODEL_FOLDERS = {"training/new"}
FOREIGN = {
    "LayerNormBasicLSTMCell",
    "applyCasing",
    "input_forget",
    "lang_model_type",
    "limit_conn",
    "limit_req",
    "lm_backspace_prob",
    "presage_simulator",
    "quantize_dynamic",
    "renamex_np",
    "set_op_handle",
    "weight_norm",
    "word_language_model",
    "wordbreaker",
}
"""Names of other projects."""
EXAMPLES = {"forget_gate", "hidden_state", "uniform_share"}
"""Names that a page gives only to show how names are written, or that its own example has."""


def spans(page: Path) -> list[str]:
    """What stands in backticks, outside of blocks of code."""
    text = re.sub(r"^( *)```.*?^\1```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text)


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def files() -> frozenset[str]:
    """All files of the project and their folders."""
    tops = [path for path in ROOT.iterdir() if path.name in TOPS or path.is_file()]
    inside = [path for top in tops for path in top.rglob("*") if "node_modules" not in path.parts]
    return frozenset(f"/{path.relative_to(ROOT)}" for path in [*tops, *inside])


@cache
def words() -> frozenset[str]:
    """Every word of the code, the tests and the build's files."""
    rooms = ("src", "native", "tests", "benchmarks", "fuzz", "packages")
    paths = [p for room in rooms for p in (ROOT / room).rglob("*") if p.suffix in CODE]
    paths = [p for p in paths if p != Path(__file__)]
    return frozenset(re.findall(r"\w+", "\n".join(p.read_text("utf-8") for p in paths)))


def is_path_of_ours(span: str) -> bool:
    if (
        not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", span)
        or span.rstrip("/") in TO_BE_WRITTEN | OF_MODEL_FOLDERS
    ):
        return False
    first, *more = span.rstrip("/").split("/")
    rooms = {path.name for path in (ROOT / "src/foreword").iterdir() if path.is_dir()}
    return Path(span).suffix in CODE or (bool(more) and first in TOPS | rooms)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_paths_in_the_documentation_lead_to_files(page: Path) -> None:
    lost = [
        span
        for span in spans(page)
        if is_path_of_ours(span)
        and not any(path.endswith("/" + span.rstrip("/")) for path in files())
    ]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_public_names_in_the_documentation_exist(page: Path) -> None:
    for span in spans(page):
        dotted = re.fullmatch(r"(foreword(?:\.\w+)+)(?:\(.*\))?", span)
        assert dotted is None or exists(dotted[1]), span


def exists(dotted: str) -> bool:
    """Whether it is a module, or a name in one."""
    thing: object = foreword
    name = "foreword"
    for part in dotted.split(".")[1:]:
        name += f".{part}"
        if hasattr(thing, part):
            thing = getattr(thing, part)
        elif importlib.util.find_spec(name) is None:
            return False
        elif name == dotted:
            return True
        else:
            thing = importlib.import_module(name)
    return True


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_functions_and_classes_in_the_documentation_stand_in_the_code(page: Path) -> None:
    lost = [
        span
        for span in spans(page)
        for name in [
            re.fullmatch(r"(?:[a-z]+\.)?([A-Za-z_]\w+)\(.*\)", span)
            or re.fullmatch(r"([A-Z][a-z]+[A-Z]\w*|[a-z]+(?:_[a-z]+)+)", span)
        ]
        if name is not None and name[1].removesuffix("_total") not in words() | FOREIGN | EXAMPLES
    ]
    assert lost == []


def test_targets_of_make_in_the_documentation_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page in PAGES:
        text = page.read_text("utf-8")
        shown = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
        targets = re.findall(r"`make ([\w./-]+)", text)
        for target in targets + re.findall(r"^make ([\w./-]+)", shown, re.MULTILINE):
            named = target.replace(".venv", "$(VENV)")
            assert re.search(rf"^{re.escape(named)}:", makefile, re.MULTILINE), (
                page_id(page),
                target,
            )


def test_commands_of_pytest_in_the_documentation_name_tests_that_exist() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    named = re.findall(r"pytest -q ((?:tests|src)/\S+)", text)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
