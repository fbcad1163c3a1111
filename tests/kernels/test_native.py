"""The loops in C++ against the equations in double precision, for every instruction set here."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.kernels.test_equal_to_reference import (
    CELLS,
    OPTIONS,
    WITHOUT_HANDWRITTEN,
    random_problem,
    values_and_gradients,
)
from tests.needs import needs
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import foreword.nn as nn
from foreword import compiled
from foreword.errors import SettingsError
from foreword.kernels import dispatch, native
from foreword.kernels.lengths import within
from foreword.kernels.native import module, steps
from foreword.kernels.problem import Extras, Problem, Zoneout

pytestmark = needs("kernels")

NATIVE = {
    name: cell for name, cell in (CELLS | WITHOUT_HANDWRITTEN).items() if "mogrifier" not in name
}
"""Those with loops in C++; the others are refused, as the page on kernels lists them."""
ZONEOUTS = frozenset(["zoneout", "zoneout shares"])
ASKED = st.frozensets(st.sampled_from([*OPTIONS, *sorted(ZONEOUTS)]))
DRAWN: dict[str, Any] = {
    "T": st.integers(1, 4),
    "B": st.integers(1, 19),
    "H": st.integers(1, 70),
    "seed": st.integers(0, 1000),
    "asked": ASKED,
}


def sorted_name(asked: frozenset[str]) -> str:
    """The same in every process, as tests that are shared between processes must be named."""
    return "+".join(sorted(asked)) or "plain"


def in_double(problem: Problem) -> Problem:
    def double(part: Any) -> Any:
        if not isinstance(part, Tensor):
            return part
        return part.detach().double().requires_grad_(part.requires_grad)

    e = problem.extras
    masks = (double(e.keep), double(e.drop_hidden), double(e.drop_memory))
    zoneout = e.zoneout and Zoneout(double(e.zoneout.hidden), double(e.zoneout.memory))
    return Problem(
        problem.cell,
        double(problem.x),
        tuple(map(double, problem.state)),
        {name: double(weight) for name, weight in problem.weights.items()},
        Extras(*masks, zoneout, e.lengths, e.wants_states, e.traced),
    )


def worst_difference(problem: Problem) -> float:
    """From the equations in double precision, as a share of each tensor's largest value."""
    actual = values_and_gradients(dispatch.KERNELS["native"], problem)
    truth = values_and_gradients(dispatch.KERNELS["reference"], in_double(problem))
    return max(
        float((a - b).abs().max() / b.abs().max().clamp(min=1))
        for a, b in zip(actual, truth, strict=True)
    )


@pytest.mark.parametrize("name", NATIVE)
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(inputs=st.integers(1, 5), **DRAWN)
def test_values_and_gradients_are_those_of_the_equations(
    instruction_set: str,
    name: str,
    T: int,
    B: int,
    inputs: int,
    H: int,
    seed: int,
    asked: frozenset[str],
) -> None:
    assume(name != "gru-reset-before" or not asked & ZONEOUTS)
    problem = random_problem(NATIVE[name], T, B, inputs, H, torch.float32, seed, asked)
    with torch.no_grad():
        for weight in problem.weights.values():
            weight /= H**0.5
    assert native.refusal(problem) is None
    # A norm over few, nearly equal units magnifies rounding by up to 1 / sqrt(EPSILON), 316 times.
    assert worst_difference(problem) < (1e-3 if "layernorm" in name else 1e-4)


@pytest.mark.parametrize("name", NATIVE)
def test_512_steps_stay_near_double_precision(name: str) -> None:
    problem = random_problem(NATIVE[name], 512, 2, 8, 48, torch.float32, seed=1)
    with torch.no_grad():
        for weight in problem.weights.values():
            weight *= 0.5 / 48**0.5
    assert worst_difference(problem) < 1e-5


@pytest.mark.parametrize("name", NATIVE)
def test_results_do_not_depend_on_the_number_of_threads(name: str, instruction_set: str) -> None:
    problem = random_problem(NATIVE[name], 3, 16, 20, 130, torch.float32, seed=2)
    before = torch.get_num_threads()
    actual = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            run = native.run(problem)
            actual.append([part.detach() for part in (run.outputs, *run.last)])
    finally:
        torch.set_num_threads(before)
    for other in actual[1:]:
        assert all(torch.equal(a, b) for a, b in zip(actual[0], other, strict=True))


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("asked", [frozenset(), frozenset(["lengths", "keep"])], ids=sorted_name)
def test_gradients_do_not_depend_on_the_number_of_threads(
    name: str, products: str, asked: frozenset[str]
) -> None:
    problem = random_problem(NATIVE[name], 3, 40, 20, 130, torch.float32, 2, asked)
    before = torch.get_num_threads()
    actual = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with nn.use(products=products):
                actual.append(values_and_gradients(dispatch.KERNELS["native"], problem))
    finally:
        torch.set_num_threads(before)
    for other in actual[1:]:
        assert all(torch.equal(a, b) for a, b in zip(actual[0], other, strict=True))


@settings(deadline=None, max_examples=50)
@given(T=st.integers(1, 9), lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_there_are_rows_for_what_is_there_and_no_others(T: int, lengths: list[int]) -> None:
    lengths = [min(length, T) for length in lengths]
    B = len(lengths)
    actual = steps.arranged(torch.zeros(T, B, 1), torch.tensor(lengths))
    assert (actual.T, actual.rows) == (max(lengths), sum(lengths))
    assert actual.order is not None
    order = actual.order.order.tolist()
    assert order == sorted(range(B), key=lambda b: -lengths[b])
    other = [(t, b) for t in range(T) for b in order if t < lengths[b]]
    idle = [(t, b) for t in range(T) for b in range(B) if t >= lengths[b]]
    assert actual.order.places.tolist() == [t * B + b for t, b in other + idle]
    begins = [sum(step < t for step, _ in other) for t in range(T + 1)]
    assert actual.order.begins.tolist() == begins
    # States: the first ones by their rank, then those after each row's step.
    after = {position: B + row for row, position in enumerate(other)}
    after |= {(-1, b): order.index(b) for b in range(B)}
    assert actual.order.befores[: actual.rows].tolist() == [after[t - 1, b] for t, b in other]
    assert actual.order.ends.tolist() == [after[lengths[b] - 1, b] for b in range(B)]


@pytest.mark.parametrize("products", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("name", NATIVE)
def test_a_sequence_among_longer_ones_gives_what_it_gives_alone(
    name: str, products: str, instruction_set: str
) -> None:
    lengths = [3, 0, 7, 1, 7, 2, 5, 4, 7, 6]
    problem = random_problem(NATIVE[name], 7, len(lengths), 9, 70, torch.float32, seed=3)
    with torch.no_grad(), nn.use(products=products):
        for k, length in enumerate(lengths):
            problem.x[length:, k] = torch.nan
        extras = replace(problem.extras, lengths=torch.tensor(lengths))
        run = native.run(replace(problem, extras=extras))
        for k, length in enumerate(lengths):
            assert not run.outputs[length:, k].any()
            before = tuple(part[k : k + 1] for part in problem.state)
            after = before
            if length > 0:
                alone = native.run(replace(problem, x=problem.x[:length, k : k + 1], state=before))
                assert torch.equal(run.outputs[:length, k], alone.outputs[:, 0])
                after = alone.last
            for part, expected in zip(run.last, after, strict=True):
                assert torch.equal(part[k : k + 1], expected)


@pytest.mark.parametrize("name", NATIVE)
def test_nothing_comes_back_from_beyond_a_sequence(name: str) -> None:
    problem = random_problem(NATIVE[name], 6, 9, 5, 20, torch.float32, 3, frozenset(["lengths"]))
    run = native.run(problem)
    weight = torch.ones_like(run.outputs)
    inside = within(problem.extras.lengths, 6)
    weight[~inside] = torch.nan
    gradients = torch.autograd.grad(run.outputs, problem.tensors[:2], weight)
    assert not gradients[0][~inside].any()
    assert gradients[0][inside].any(1).all()
    assert gradients[1].isfinite().all()


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NATIVE)
def test_sequences_of_full_length_are_a_batch_without_lengths(name: str, products: str) -> None:
    problem = random_problem(NATIVE[name], 5, 7, 9, 40, torch.float32, seed=3)
    full = replace(problem.extras, lengths=torch.full((7,), 5), wants_states=True)
    with nn.use(products=products):
        actual = values_and_gradients(dispatch.KERNELS["native"], replace(problem, extras=full))
        expected = values_and_gradients(dispatch.KERNELS["native"], problem)
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["rnn", "lstm", "lstm-peephole", "gru"])
def test_a_packed_batch_gives_what_its_lengths_give(name: str, bidirectional: bool) -> None:
    layer = nn.Recurrent(name, 6, 20, 2, bidirectional=bidirectional)
    x = torch.randn(9, 5, 6, requires_grad=True)
    lengths = [4, 9, 1, 9, 6]
    outputs, last = layer(x, lengths=lengths)
    packed, their_last = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
    actual, _ = pad_packed_sequence(packed)
    torch.testing.assert_close(actual, outputs)
    torch.testing.assert_close(their_last, last)
    wanted = [x, *layer.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(actual.square().sum(), wanted),
        torch.autograd.grad(outputs.square().sum(), wanted),
    )


def test_a_batch_without_sequences_is_left_to_others() -> None:
    outputs, last = nn.GRU(3, 4)(torch.zeros(2, 0, 3))
    assert outputs.shape == (2, 0, 4)
    assert last.shape == (1, 0, 4)
    outputs, _ = nn.GRU(3, 4)(torch.full((2, 3, 3), torch.nan), lengths=[0, 0, 0])
    assert not outputs.any()


def relative_error(actual: list[Tensor], truth: list[Tensor]) -> float:
    """The largest of all tensors' distances from the truth, by the truth's norm."""
    return max(
        float((a - b).norm() / b.norm().clamp(min=1e-6)) for a, b in zip(actual, truth, strict=True)
    )


@pytest.mark.parametrize("name", NATIVE)
@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(inputs=st.integers(1, 9), **DRAWN)
def test_bfloat16_products_are_off_by_their_rounding(
    instruction_set: str,
    name: str,
    T: int,
    B: int,
    inputs: int,
    H: int,
    seed: int,
    asked: frozenset[str],
) -> None:
    assume(name != "gru-reset-before" or not asked & ZONEOUTS)
    # Eight bits of mantissa: a factor is off by 2^-9 at most. A sum that cancels may be off by more
    # of itself, but not of what was summed up.
    problem = random_problem(NATIVE[name], T, B, inputs, H, torch.float32, seed, asked)
    with torch.no_grad():
        for weight in problem.weights.values():
            weight *= 0.5 / max(H, inputs) ** 0.5
    truth = dispatch.KERNELS["reference"].run(in_double(problem))
    with nn.use(products="bfloat16"):
        actual = native.run(problem)
    pairs = zip((actual.outputs, *actual.last), (truth.outputs, *truth.last), strict=True)
    for part, exact in pairs:
        off = (part.detach().double() - exact.detach()).abs().max()
        # SI-CIFG's memory is bounded by no tanh, so that the errors of all steps add up.
        bound = 0.03 if name == "si-cifg" else 0.02
        assert float(off / exact.detach().abs().max().clamp(min=1)) < bound
    with torch.no_grad(), nn.use(products="bfloat16"):
        alone = native.run(problem)
    assert torch.equal(alone.outputs, actual.outputs)


@pytest.mark.parametrize("name", NATIVE)
def test_gradients_through_bfloat16_products_stay_near_the_truth(
    name: str, instruction_set: str
) -> None:
    problem = random_problem(NATIVE[name], 35, 20, 32, 64, torch.float32, seed=4)
    with torch.no_grad():
        for weight in problem.weights.values():
            weight *= 0.5 / 64**0.5
    truth = values_and_gradients(dispatch.KERNELS["reference"], in_double(problem))
    with nn.use(products="bfloat16"):
        actual = values_and_gradients(dispatch.KERNELS["native"], problem)
    error = relative_error([part.double() for part in actual], truth)
    # Slopes jump where ReLU's argument is rounded across 0, a memory across its clip, or where
    # rounding makes another unit the largest.
    jumps = name == "rnn-relu" or name.startswith("si-cifg")
    largest = 0.2 if "clipped" in name else 0.1 if jumps else 0.02
    assert 1e-5 < error < largest


@pytest.mark.parametrize("name", NATIVE)
def test_int8_products_stay_near_the_truth(name: str, instruction_set: str) -> None:
    for B, H in ((1, 70), (20, 64), (3, 33)):
        problem = random_problem(NATIVE[name], 35, B, 30, H, torch.float32, seed=4)
        with torch.no_grad():
            for weight in problem.weights.values():
                weight *= 0.5 / H**0.5
            for part in problem.state:
                part.clamp_(-1, 1)
            truth = dispatch.KERNELS["reference"].run(in_double(problem))
            with nn.use(products="int8"):
                actual = native.run(problem)
        error = relative_error([actual.outputs.double()], [truth.outputs])
        cell = NATIVE[name]
        is_unbounded = name == "rnn-relu" or cell.recurrent_state == 1 or cell.projected
        assert error < (1e-5 if is_unbounded else 0.03)
        assert is_unbounded or error > 1e-5


def test_int8_is_left_for_float32_where_gradients_are_wanted() -> None:
    layer, x = nn.GRU(5, 6), torch.randn(3, 2, 5)
    expected = layer(x)[0]
    with nn.use(products="int8"):
        assert torch.equal(layer(x)[0], expected)
        with torch.no_grad():
            assert not torch.equal(layer(x)[0], expected)
    no_such = "there is no 'int4'; there is float32, bfloat16, int8"
    with pytest.raises(SettingsError, match=no_such), nn.use(products="int4"):
        pass


def test_short_work_goes_alone_while_others_want_the_cores() -> None:
    loaded = module.loaded()
    little, much, late = 1000.0, 1e12, 1_000_000
    while loaded.threads_worth(2, little) == 1:  # what other tests have seen
        time.sleep(0.01)
    loaded.note_quiet()

    def seconds_alone() -> float:
        """From before a late arrival: a busy machine makes it longer, never shorter."""
        began = time.monotonic()
        loaded.note_wait(late)
        while loaded.threads_worth(2, little) == 1:
            assert loaded.threads_worth(2, much) == 2
            time.sleep(0.001)
        return time.monotonic() - began

    loaded.note_wait(1000)
    assert loaded.threads_worth(2, little) == 2  # it came in time
    assert seconds_alone() >= 0.03
    assert seconds_alone() >= 0.06  # for longer, if it happens again
    loaded.note_quiet()
    assert seconds_alone() >= 0.03


@pytest.mark.parametrize("cell", ["lstm", "lstm-layernorm", "gru-layernorm"])
def test_several_python_threads_at_once_get_the_same_as_one(cell: str) -> None:
    layer = nn.Recurrent(cell, 64, 128, proj_size=0 if cell == "lstm" else 96)
    x, reset = torch.randn(20, 16, 64), torch.rand(20, 16) < 0.2

    def values_and_gradients_by_weights() -> list[Tensor]:
        outputs, _ = layer(x, reset=reset)
        loss = outputs.square().sum()
        return [outputs.detach(), *torch.autograd.grad(loss, list(layer.parameters()))]

    expected = values_and_gradients_by_weights()
    wrong: list[float] = []

    def work() -> None:
        for _ in range(5):
            pairs = zip(values_and_gradients_by_weights(), expected, strict=True)
            wrong.extend(float((a - b).abs().max()) for a, b in pairs if not torch.equal(a, b))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_large_and_missing_numbers_come_out_as_the_equations_say(instruction_set: str) -> None:
    layer = nn.LSTM(2, 3)
    x = torch.full((2, 4, 2), 1e4)
    with nn.use("reference"):
        expected = layer(x)[0]
    torch.testing.assert_close(layer(x)[0], expected)
    x[0, 1, 0] = float("nan")
    actual = layer(x)[0]
    assert actual[:, 1].isnan().all()
    assert not actual[:, [0, 2, 3]].isnan().any()


def test_denormals_are_there_again_after_a_call() -> None:
    tiny = torch.tensor([1e-40])
    assert float(tiny * 0.5) > 0
    nn.GRU(300, 300)(torch.randn(3, 8, 300))
    assert float(tiny * 0.5) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_the_same() -> None:
    # torch's own operations wait forever in a child for more than one thread: ours take two.
    code = (
        "import os, torch, foreword.nn as nn\n"
        "torch.set_num_threads(2)\n"
        "layers = [nn.GRU(8, 256).eval(), nn.LayerNormLSTM(8, 256).eval()]\n"
        "x, reset = torch.randn(2, 16, 8), torch.rand(2, 16) < 0.5\n"
        "with torch.no_grad():\n"
        "    expected = [layer(x, reset=reset)[0] for layer in layers]\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        torch.set_num_threads(1)\n"
        "        torch.get_num_threads = lambda: 2\n"
        "        again = [layer(x, reset=reset)[0] for layer in layers]\n"
        "        os._exit(0 if all(map(torch.equal, again, expected)) else 1)\n"
        "    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=120, check=False)
    assert done.returncode == 0


def test_an_instruction_set_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = native.instruction_set()
    compiled.loaded.cache_clear()
    monkeypatch.setenv("FOREWORD_ISA", "baseline")
    assert native.instruction_set() == "baseline"
    compiled.loaded.cache_clear()
    monkeypatch.setenv("FOREWORD_ISA", "abacus")
    with pytest.raises(SettingsError, match="FOREWORD_ISA: this processor has no 'abacus'"):
        native.instruction_set()
    monkeypatch.delenv("FOREWORD_ISA")
    module.loaded().use_instruction_set(before)
    assert native.instruction_set() == before


def test_without_the_module_the_portable_kernel_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(NATIVE["gru"], 2, 2, 3, 4, torch.float32)
    monkeypatch.setattr("foreword.compiled.loaded", lambda: None)
    choice = dispatch.choose(problem)
    assert choice.kernel.name == "portable"
    assert "C++ compiler" in choice.passed_over["native"]


@pytest.mark.parametrize("asked", [frozenset(), ZONEOUTS, frozenset(["lengths"])], ids=sorted_name)
@pytest.mark.parametrize("name", ["lstm-layernorm", "gru-layernorm-projected", "lstm-projected"])
def test_second_derivatives_are_those_of_the_equations(name: str, asked: frozenset[str]) -> None:
    def second(kernel: str, problem: Problem) -> list[Tensor]:
        outputs = dispatch.KERNELS[kernel].run(problem).outputs
        wanted = [problem.x, *problem.weights.values()]
        first = torch.autograd.grad(outputs.sin().sum(), wanted, create_graph=True)
        loss = sum(part.square().sum() for part in first)
        return list(torch.autograd.grad(loss, wanted))

    problem = random_problem(NATIVE[name], 3, 2, 4, 12, torch.float32, 5, asked)
    for actual, truth in zip(
        second("native", problem), second("reference", in_double(problem)), strict=True
    ):
        torch.testing.assert_close(actual, truth.float(), rtol=1e-3, atol=1e-3)
