"""What the documentation shows is run: every Python block, and every command's words."""

import importlib.util
import itertools
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.translator.models import write_random
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.text.corpus import Source, Split, chat_source, text_source

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "benchmarks/README.md",
    ]
)


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page's blocks in this language; those of a list are indented."""
    block = rf"^( *)```{language}\n(.*?)^\1```"
    actual = re.findall(block, page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(code) for _, code in actual]


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it: a text of their own, and a model trained on it."""
    folder = tmp_path_factory.mktemp("reader")
    lines = [piece.text for piece in itertools.islice(chat_source("valid").read(), 1500)]
    (folder / "notes.txt").write_text("\n".join(lines), encoding="utf-8")
    foreword.train([folder / "notes.txt"], out=folder / "my-model", steps=3, hidden_size=8)
    write_random(folder / "de-en")
    return folder


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=page_id)
def test_python_blocks_run_in_the_order_of_the_page(
    page: Path, reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_bytes((reader / "notes.txt").read_bytes())
    for model in ("my-model", "de-en"):
        (tmp_path / model).symlink_to(reader / model)
    monkeypatch.chdir(tmp_path)
    train, tune = foreword.train, foreword.tune

    def quickly(*arguments: Any, **options: Any) -> object:
        """The same call, in three steps of a small model instead of minutes."""
        options.pop("minutes", None)
        return train(*arguments, **options, steps=3, hidden_size=8)

    def quickly_tuned(*arguments: Any, **options: Any) -> object:
        """The same of a search."""
        own = {"trials": 2, "minutes_each": None, "steps_each": 3, "hidden_size": 8}
        return tune(*arguments, **{**options, **own})

    def few_chats(split: Split) -> Source:
        """The first of the carried chats."""
        lines = (piece.text for piece in chat_source(split).read())
        return text_source(f"carried chats ({split})", "\n".join(itertools.islice(lines, 1500)))

    monkeypatch.setattr("foreword.training.corpus.chat_source", few_chats)
    monkeypatch.setattr(foreword, "train", quickly)
    monkeypatch.setattr(foreword, "tune", quickly_tuned)
    monkeypatch.setattr("foreword.comparison.compare.VALIDATIONS", 1)
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        shortened = block.replace("minutes=1,", "minutes=0.02,")
        exec(compile(shortened, str(page), "exec"), names)


def commands(page: Path) -> list[list[str]]:
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    actual = []
    for line in words:
        if "|" in line:
            line = line[line.index("|") + 1 :]
        if line and line[0].rsplit("/", 1)[-1] == "foreword":
            actual.append(line[1:])
    return actual


def test_what_the_copy_button_takes_from_a_block_of_commands_is_commands() -> None:
    """No prompt stands before a command, here or on a code host, and no output beneath it."""
    cards = [*(ROOT / "packages").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
    for page in [*PAGES, *cards]:
        text = page.read_text("utf-8")
        assert not re.search(r"^```(console|shell|bash|shell-session)", text, re.MULTILINE), (
            f"{page_id(page)}: write commands in a block of `sh`, without `$`, and what they print "
            "in a block of `text` after it"
        )
        for block in blocks(page, "sh"):
            assert not re.search(r"^(\$|#|>) ", block, re.MULTILINE), f"{page_id(page)}: {block}"


@pytest.mark.parametrize(
    ("page", "command"),
    [(page, command) for page in PAGES for command in commands(page)],
    ids=lambda value: page_id(value) if isinstance(value, Path) else " ".join(value),
)
def test_commands_are_ones_that_the_program_takes(page: Path, command: list[str]) -> None:
    verb, *words = command
    group = typer.main.get_command(app)
    verbs = group.commands  # type: ignore[attr-defined]
    assert verb in verbs
    context = verbs[verb].make_context(verb, list(words), resilient_parsing=False)
    while below := getattr(context.command, "commands", None):
        name, *words = [*context._protected_args, *context.args]
        context = below[name].make_context(name, words, parent=context)
    assert context.args == []


def test_the_command_line_page_lists_every_option() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text("utf-8")
    group = typer.main.get_command(app)
    for verb, command in group.commands.items():  # type: ignore[attr-defined]
        assert f"## `foreword {verb}`" in page
        section = page.split(f"## `foreword {verb}`")[1].split("\n## ")[0]
        if verb == "tune":  # the settings that all trials share are those of train
            section += page.split("## `foreword train`")[1].split("\n## ")[0]
        for parameter in parameters(command):
            for option in [*parameter.opts, *parameter.secondary_opts]:
                if option.startswith("--") and option != "--help":
                    assert f"`{option}`" in section, (verb, option)


def parameters(command: Any) -> list[Any]:
    """Those of a command and of the commands below it."""
    below = getattr(command, "commands", {}).values()
    return [*command.params, *(p for sub in below for p in parameters(sub))]


def links(page: Path) -> list[Path]:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    return [page.parent / t for t in targets if not t.startswith(("http:", "https:"))]


def drawings() -> tuple[Any, ...]:
    """What the documentation's hook draws."""
    path = ROOT / "docs/hooks/figures.py"
    spec = importlib.util.spec_from_file_location("documentation_figures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    actual: tuple[Any, ...] = module.DRAWINGS
    return actual


FIGURES = ROOT / "docs/explanation/figures"


def test_links_between_pages_lead_somewhere() -> None:
    drawn = {FIGURES / name for drawing in drawings() for name in drawing.figures}
    for page in PAGES:
        for target in links(page):
            assert target.exists() or target in drawn, f"{page_id(page)}: {target}"


def test_contributors_are_told_of_targets_that_there_are() -> None:
    description = set(
        re.findall(
            r"\bmake ([a-z]+|\.venv/\.dev)`?$|`make ([a-z]+)`",
            (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(VENV)", ".venv")
    targets = set(re.findall(r"^([\w./]+):", makefile, re.MULTILINE))
    names = {first or second for first, second in description}
    assert names >= {".venv/.dev", "test", "lint"}
    assert names <= targets


def test_every_package_is_told_of_on_the_page_on_architecture() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    packages = {path.parent.name for path in (ROOT / "src/foreword").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"`(\w+)`", rows))


def test_every_benchmark_is_listed_once() -> None:
    page = (ROOT / "benchmarks/README.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+\.py)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (ROOT / "benchmarks").glob("*.py"))


def test_every_figure_that_is_drawn_is_shown() -> None:
    drawn = [FIGURES / name for drawing in drawings() for name in drawing.figures]
    shown = {target for page in PAGES for target in links(page)}
    assert [name for name in drawn if name not in shown] == []


def test_figures_are_drawn_by_commands_that_there_are() -> None:
    group = typer.main.get_command(app)
    for drawing in drawings():
        for command in drawing.commands:
            program, first, *words = shlex.split(command)
            if program == "python":
                assert (ROOT / first).exists()
                continue
            verb = group.commands[first]  # type: ignore[attr-defined]
            assert verb.make_context(first, list(words)).args == []


def test_help_fits_a_terminal() -> None:
    printed = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(app, ["--help"]).output
    assert max(map(len, printed.splitlines())) <= 80
