import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from foreword.cells.registry import CELLS, NAMES
from foreword.cli.app import app
from foreword.conformance.cases import cases
from foreword.conformance.check import KernelSubject, LayerSubject, check, layer_subject
from foreword.errors import SettingsError
from foreword.kernels import native, portable

TORCH = {"rnn": "torch.nn:RNN", "lstm": "torch.nn:LSTM", "gru": "torch.nn:GRU"}


@pytest.mark.parametrize("name", NAMES)
def test_the_hand_written_kernel_agrees_or_says_what_it_cannot(name: str) -> None:
    results = list(check(KernelSubject("portable"), cases((name,), ("float64",), repeats=1)))
    assert len(results) >= 16
    for result in results:
        if CELLS[name] not in portable.MODULES:
            assert "it has no loops for" in str(result.refusal)
        else:
            assert result.agrees, result


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("name", TORCH)
def test_torchs_layers_agree_where_they_have_the_option(name: str) -> None:
    results = list(check(layer_subject(TORCH[name]), cases((name,), ("float32",), repeats=1)))
    ran = [result for result in results if result.refusal is None]
    assert len(ran) >= 16
    assert all(result.agrees for result in ran)
    refused = {result.case.name for result in results if result.refusal is not None}
    assert refused == {
        "rnn": {"rnn projected", "rnn nonlinearity=relu projected"},
        "lstm": set(),
    }.get(name, {"gru projected", "gru reset_after=False"})


class WithoutForgetting(nn.LSTM):
    """A wrong LSTM: its forget gate is always open."""

    def forward(self, *arguments: Any) -> Any:
        H = self.hidden_size
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.startswith("bias"):
                    parameter[H : 2 * H] = 50.0
        return super().forward(*arguments)


class WithWrongGradients(nn.GRU):
    def forward(self, *arguments: Any) -> Any:
        outputs, last = super().forward(*arguments)
        if isinstance(outputs, torch.Tensor):
            outputs = outputs.detach() + 0.5 * (outputs - outputs.detach())
        return outputs, last


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [(WithoutForgetting, "lstm", "values"), (WithWrongGradients, "gru", "gradients")],
)
def test_what_is_wrong_is_found(kind: type[nn.Module], name: str, wrong: str) -> None:
    wanted = [
        c for c in cases((name,), ("float64",), 1) if c.bias and not c.ragged and not c.variant
    ]
    results = [r for r in check(LayerSubject(kind), wanted) if r.refusal is None]
    assert results
    for result in results:
        assert not result.agrees
        assert getattr(result, wrong) > 1e-3
        assert wrong == "values" or result.values < 1e-9


def test_a_layer_that_is_not_there_is_named() -> None:
    for name in ("torch.nn:LTSM", "nowhere:LSTM", "LSTM"):
        with pytest.raises(SettingsError, match=name):
            layer_subject(name)


def test_the_command_prints_a_table_and_fails_where_something_differs() -> None:
    runner = CliRunner()
    good = runner.invoke(app, ["check", "--cell", "gru", "--dtype", "float64"])
    assert good.exit_code == 0
    assert "gru reset_after=False" in good.stdout
    assert "agree" in good.stdout
    wrong = f"{__name__}:WithoutForgetting"
    sys.modules.setdefault(__name__, sys.modules[WithoutForgetting.__module__])
    bad = runner.invoke(app, ["check", wrong, "--cell", "lstm", "--dtype", "float64", "--json"])
    assert bad.exit_code == 1
    assert '"differ"' in bad.stdout
    assert isinstance(runner.invoke(app, ["check", wrong]).exception, SettingsError)
    assert isinstance(runner.invoke(app, ["check", "--cell", "ltsm"]).exception, SettingsError)


def test_doctor_tells_which_kernel_runs_what_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    actual = CliRunner().invoke(app, ["doctor", "--json"])
    assert actual.exit_code == 0
    best = "portable" if native.instruction_set() is None else "native"
    assert f'"training": "{best}"' in actual.stdout
    monkeypatch.setattr("foreword.compiled.loaded", lambda: None)
    without = CliRunner().invoke(app, ["doctor", "--json"])
    assert "it has no loops for lstm-layernorm" in without.stdout
    assert "with zoneout" in CliRunner().invoke(app, ["doctor"]).stdout


def test_the_pytest_plugin_makes_a_test_of_each_combination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["-p", "foreword.conformance.plugin", "--foreword-dtype", "float64", "-q"]
    arguments += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(*more: str) -> tuple[int, str]:
        """In this process: one of its own would import PyTorch again."""
        code = pytest.main([*arguments, *more])
        return code, capsys.readouterr().out

    code, output = run("--foreword-layer", "torch.nn:GRU", "--foreword-cell", "gru")
    assert code == pytest.ExitCode.OK, output
    assert "16 passed, 32 skipped" in output
    (tmp_path / "mine.py").write_text(
        "import torch\n\n\nclass Wrong(torch.nn.GRU):\n"
        "    def forward(self, *a):\n        y, h = super().forward(*a)\n        return y, 2 * h\n"
    )
    code, output = run("--foreword-layer", "mine:Wrong", "--foreword-cell", "gru", "--exitfirst")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "mine:Wrong differs from the equations of gru" in output
