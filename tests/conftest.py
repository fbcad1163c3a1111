import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import HealthCheck, settings
from tests.browser import OPTIONS
from tests.needs import CHROMIUM, summary

from foreword import compiled
from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.models.build import build, weights_of
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WORDS = [
    *("the", "cat", "sat", "on", "a", "mat", ";", "like", "likely", "Like", "I", "would"),
    *("to", ",", "don't", "!", "Paris"),
]

MakeFolder = Callable[..., Folder]

# A shell starts programs in the background with Ctrl-C ignored, and they pass that on: tests that
# send it to a command would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# In the gate neither chance, nor the machine's speed, nor earlier runs choose what is tried.
# FOREWORD_HYPOTHESIS=random tries new examples, twice as many, and keeps those that fail in
# .hypothesis.
_NO_CLOCK = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile(
    "gate", max_examples=50, derandomize=True, database=None, print_blob=True, **_NO_CLOCK
)
settings.register_profile(
    "random", settings.get_profile("default"), derandomize=False, print_blob=True, **_NO_CLOCK
)
settings.load_profile(os.environ.get("FOREWORD_HYPOTHESIS") or "gate")

_ONLY_GPU_SKIPS = os.environ.get("FOREWORD_SKIPS") == "gpu"
"""Whether a test that is skipped for want of anything but a GPU fails, as on the gate's machine."""


# All that is imported and collected lives until the end. To look through it again and again for
# garbage took a fifth of the time that collecting the tests takes.
gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if _ONLY_GPU_SKIPS and is_skip and item.get_closest_marker("gpu") is None:
        report.outcome = "failed"
        report.longrepr = f"skipped, where only tests that need a GPU may be: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _ONLY_GPU_SKIPS and report.skipped:
        report.longrepr = f"skipped, where only tests that need a GPU may be: {_reason(report)}"
        report.outcome = "failed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about all tests that were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_line(summary(map(_reason, skipped)))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    *_, reason = report.longrepr if isinstance(report.longrepr, tuple | list) else [""]
    return str(reason).removeprefix("Skipped: ")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # the longest wait, for a machine that does other work too
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def make_folder() -> MakeFolder:
    """Makes a folder in memory with random weights of some size."""

    def make(name: str = "lstm", case: str = "keep", **sizes: object) -> Folder:
        words = [word.lower() for word in WORDS] if case == "fold" else WORDS
        tokenizer = Tokenizer(["<unk>", "<eos>", *dict.fromkeys(words)], TokenizerConfig(case=case))
        options = {"embedding_size": 6, "hidden_size": 5, "num_layers": 2, **sizes}
        model = ModelConfig(name=name, vocab_size=tokenizer.vocab_size, **options)
        weights = weights_of(build(model, generator=torch.Generator().manual_seed(1)))
        # Larger than training begins with, so that words differ clearly in probability.
        weights = {k: v * 5 for k, v in weights.items()}
        config = FolderConfig(
            format_version=format_version(model, "float32", tokenizer.config),
            model=model,
            tokenizer=tokenizer.config,
        )
        return Folder(config, weights, tokenizer)

    return make


SMALL = "the cat sat on a mat like likely liked I would to , . don't ! Paris how are you"


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model of random weights."""
    tokenizer = Tokenizer(["<unk>", "<eos>", *SMALL.split()], TokenizerConfig(case="keep"))
    config = ModelConfig(
        name="lstm", vocab_size=tokenizer.vocab_size, embedding_size=8, hidden_size=24
    )
    weights = weights_of(build(config, generator=torch.Generator().manual_seed(1)))
    # Larger than training begins with, so that words differ clearly in probability.
    weights = {name: values * 5 for name, values in weights.items()}
    path = tmp_path_factory.mktemp("served") / "my-model"
    write_folder(
        path, FolderConfig(model=config, tokenizer=tokenizer.config), weights, tokenizer, ""
    )
    return path


@pytest.fixture
def other_model(make_folder: MakeFolder, tmp_path: Path) -> Path:
    """A folder with a model of other words than the small one has, and of some of these."""
    folder, path = make_folder(), tmp_path / "other"
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "")
    return path


_COMPILED = compiled.loaded()


@pytest.fixture(params=_COMPILED.instruction_sets() if _COMPILED else [])
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this processor in turn, in use while the test runs."""
    assert _COMPILED is not None
    before = _COMPILED.instruction_set()
    _COMPILED.use_instruction_set(request.param)
    yield request.param
    _COMPILED.use_instruction_set(before)
