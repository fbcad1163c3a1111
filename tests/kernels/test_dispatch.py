"""Which kernel runs, and why not another."""

from dataclasses import replace

import pytest
import torch

from foreword.cells.registry import cell_for
from foreword.errors import SettingsError
from foreword.kernels import dispatch, native
from foreword.kernels.problem import Extras, Problem, Zoneout


def problem(name: str, extras: Extras | None = None) -> Problem:
    cell = cell_for(name)
    weights = {k: torch.zeros(s) for k, s in cell.parameter_shapes(2, 3).items()}
    state = tuple(torch.zeros(1, 3) for _ in cell.states)
    return Problem(cell, torch.zeros(2, 1, 2), state, weights, extras or Extras())


def best() -> str:
    return "portable" if native.instruction_set() is None else "native"


def test_each_cell_gets_the_fastest_kernel_that_can() -> None:
    assert dispatch.choose(problem("gru")).kernel.name == best()
    for extras in (Extras(wants_states=True), Extras(lengths=torch.tensor([1]))):
        assert dispatch.choose(problem("lstm", extras)).kernel.name == best()
    otherwise = "reference" if native.instruction_set() is None else "native"
    zoned = Extras(zoneout=Zoneout(0.1))
    assert dispatch.choose(problem("lstm-layernorm")).kernel.name == otherwise
    assert dispatch.choose(problem("gru", zoned)).kernel.name == otherwise
    before = dispatch.choose(
        replace(problem("gru", zoned), cell=cell_for("gru", reset_after=False))
    )
    assert before.kernel.name == "reference"
    assert "zoneout" in before.passed_over["portable"]


def test_without_the_native_kernel_norms_and_zoneout_go_by_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("foreword.compiled.loaded", lambda: None)
    for asked in (problem("lstm-layernorm"), problem("lstm", Extras(zoneout=Zoneout(0.1)))):
        choice = dispatch.choose(asked)
        assert choice.kernel.name == "reference"
        assert choice.passed_over["portable"] in (
            "it has no loops for lstm-layernorm",
            "zoneout has no hand-written way back",
        )


def test_a_kernel_can_be_chosen_and_is_given_back() -> None:
    before = dispatch.choose(problem("gru")).kernel.name
    with dispatch.use("reference"):
        assert dispatch.choose(problem("gru")).kernel.name == "reference"
    assert dispatch.choose(problem("gru")).kernel.name == before
    with dispatch.use("torch"):
        assert dispatch.choose(problem("gru")).kernel.name == "torch"
        coupled = dispatch.choose(problem("lstm-coupled"))
    assert coupled.kernel.name == "reference"
    assert coupled.passed_over == {"torch": "torch has no lstm-coupled"}


def test_the_environment_can_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWORD_KERNEL", "reference")
    assert dispatch.choose(problem("gru")).kernel.name == "reference"
    with dispatch.use("portable"):
        assert dispatch.choose(problem("gru")).kernel.name == "portable"
    monkeypatch.setenv("FOREWORD_KERNEL", "magic")
    with pytest.raises(SettingsError, match="FOREWORD_KERNEL: there is no 'magic'; the kernels"):
        dispatch.choose(problem("gru"))


def test_unknown_kernels_are_refused() -> None:
    with pytest.raises(
        SettingsError, match="the kernels are reference, portable, native, scan, torch"
    ):
        dispatch.use("magic").__enter__()
