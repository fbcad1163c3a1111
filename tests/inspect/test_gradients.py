"""Gradients by distance and Jacobians equal finite differences in double precision."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.conftest import MakeFolder
from torch.nn import functional as F

from foreword.cells.registry import MODELS
from foreword.inspect import gradient_flow, jacobian, read, spectra, subject_of
from foreword.inspect.gradients import WINDOW, Curve, clipping, curves_of, windows
from foreword.inspect.subject import Subject
from foreword.inspect.trace import TextTrace, trace_reading
from foreword.predictor.predictor import Predictor

TEXT = "the cat sat on a mat ; I would like to , don't !"
RECURRENT = [
    *("rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "lstm-layernorm"),
    *("gru", "gru-layernorm"),
]


def double(make_folder: MakeFolder, name: str, text: str = TEXT) -> TextTrace:
    subject = subject_of(Predictor(make_folder(name)))
    subject = Subject(subject.network.double(), subject.tokenizer, subject.config)
    return trace_reading(subject, read(subject.tokenizer, text))


def slopes(function: Any, at: torch.Tensor, step: float = 1e-6) -> np.ndarray:
    """Of a function of a vector, by central differences: (..., S)."""
    actual = []
    for k in range(len(at)):
        shift = torch.zeros_like(at)
        shift[k] = step
        actual.append((function(at + shift) - function(at - shift)) / (2 * step))
    return np.stack([np.asarray(f.detach()) for f in actual], axis=-1)


class Window:
    """One window of a text, run up to a step, a state changed there, and run on to its loss."""

    def __init__(self, traced: TextTrace, b: int, s: int) -> None:
        ids, targets, state = windows(traced)
        self.network: Any = traced.subject.network
        self.ids, self.target = ids[:, b : b + 1], targets[b : b + 1]
        self.s, self.state = s, tuple(part[:, b : b + 1] for part in state)
        before = self.state
        if s > 0:
            before = self.network.hidden_states(self._embedded(slice(s)), self.ids[:s], before)[1]
        self.steps: list[tuple[Any, Any]] = []
        x = self._embedded(slice(s, s + 1))[0]
        for layer in range(2):
            self.steps.append(self._step(layer, x, before))
            x = self.steps[-1][0][0]
        self.before = before

    def _embedded(self, part: slice) -> torch.Tensor:
        actual: torch.Tensor = self.network.embedding.weight[self.ids[part]].detach()
        return actual

    def _step(self, layer: int, x: torch.Tensor, before: Any) -> tuple[Any, Any]:
        cell = self.network.recurrent.cell
        names = cell.parameter_shapes(1, 1)
        weights = {n: getattr(self.network.recurrent, f"{n}_l{layer}").detach() for n in names}
        actual: tuple[Any, Any] = cell.step(x, tuple(p[layer] for p in before), weights)
        return actual

    def loss(self, layer: int, part: str, value: torch.Tensor) -> torch.Tensor:
        """Had this part of this layer's state been `value` after the step."""
        states = [list(after) for after, _ in self.steps]
        if part == "h":
            states[layer][0] = value[None]
        else:
            o, c = self.steps[layer][1]["o"], states[layer][1]
            peephole = getattr(self.network.recurrent, f"weight_peephole_l{layer}", None)
            if peephole is not None:  # the output gate sees the new memory
                o = torch.sigmoid(torch.logit(o) + peephole[2].detach() * (value - c))
            shown, recurrent = value, self.network.recurrent
            if recurrent.cell.name == "lstm-layernorm":  # h shows the memory normalised
                gain, bias = (
                    getattr(recurrent, f"{n}_l{layer}").detach() for n in ("norm_c", "bias_c")
                )
                shown = F.layer_norm(value, value.shape, gain, bias)
            states[layer] = [o * torch.tanh(shown[None]), value[None]]
        if layer == 0:  # the layer above has seen this h already, in the same step
            states[1] = list(self._step(1, states[0][0], self.before)[0])
        after = tuple(torch.stack(parts) for parts in zip(*states, strict=True))
        hidden = after[0][1]
        if self.s + 1 < len(self.ids):
            later = slice(self.s + 1, None)
            outputs, _ = self.network.hidden_states(self._embedded(later), self.ids[later], after)
            hidden = outputs[-1]
        scores = F.linear(self.network.projected(hidden), *self.network.output_layer())
        return F.cross_entropy(scores, self.target)

    def slope(self, layer: int, part: str) -> float:
        """The norm of the loss's gradient by this part, by central differences."""
        value = self.steps[layer][0][("h", "c").index(part)][0]
        return float(np.linalg.norm(slopes(lambda v: self.loss(layer, part, v), value)))


@pytest.mark.parametrize("name", RECURRENT)
def test_norms_by_distance_equal_finite_differences(name: str, make_folder: MakeFolder) -> None:
    traced = double(make_folder, name)
    curves = curves_of(traced, "this", "trained")
    D, B = windows(traced)[0].shape
    assert len(traced.reading) // 2 == D
    for distance in (0, 1, D - 1):
        with torch.no_grad():
            runs = [Window(traced, b, D - 1 - distance) for b in range(B)]
            for layer in range(2):
                for part in traced.layers[0].states:
                    expected = np.mean([run.slope(layer, part) for run in runs])
                    actual = curves[layer].norms[part][distance]
                    assert actual == pytest.approx(expected, rel=1e-5, abs=1e-9), (layer, part)


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("layer", [0, 1])
def test_jacobians_equal_finite_differences(name: str, layer: int, make_folder: MakeFolder) -> None:
    traced = double(make_folder, name)
    recurrent: Any = traced.subject.network.recurrent
    weights = {
        n: getattr(recurrent, f"{n}_l{layer}") for n in recurrent.cell.parameter_shapes(1, 1)
    }
    for t in (0, 4):
        state = [part[layer, 0] for part in traced.state_before(t)]
        sizes = [len(part) for part in state]
        x = (
            traced.subject.network.embedding.weight[traced.reading.ids[t]]
            if layer == 0
            else torch.from_numpy(traced.layers[0].states["h"][t])
        )

        def step(flat: torch.Tensor, x: Any = x, sizes: Any = sizes) -> torch.Tensor:
            parts = tuple(part[None] for part in flat.split(sizes))
            return torch.cat([p[0] for p in recurrent.cell.step(x[None], parts, weights)[0]])

        expected = slopes(step, torch.cat(state))
        # Layer normalisation of the first state, zeros, bends within a step of the differences.
        np.testing.assert_allclose(jacobian(traced, layer, t), expected, rtol=1e-4, atol=1e-7)


def test_spectra_are_singular_values_of_steps_spread_over_the_text(
    make_folder: MakeFolder,
) -> None:
    traced = double(make_folder, "lstm")
    first, _ = spectra(traced)
    assert first.state == "h, c"
    places = [step.at for step in first.steps]
    assert (places[0], places[-1]) == (0, len(traced.reading) - 1)
    middle = first.steps[3]
    expected = np.linalg.svd(jacobian(traced, 0, middle.at).numpy(), compute_uv=False)
    np.testing.assert_allclose(middle.singular_values, expected, rtol=1e-6, atol=1e-12)
    assert middle.word == traced.reading.words[middle.at]


def test_a_memory_that_is_multiplied_by_a_half_vanishes_at_distance_seven() -> None:
    norms = 0.5 ** np.arange(20)
    assert Curve("", "lstm", "trained", 0, {"h": np.ones(20), "c": norms}).vanishes == 7
    assert Curve("", "rnn", "trained", 0, {"h": 1 / norms}).explodes == 7
    assert Curve("", "rnn", "trained", 0, {"h": np.ones(20)}).vanishes is None


def test_other_cells_and_other_models_stand_beside_it(make_folder: MakeFolder) -> None:
    text = " ".join(["the cat sat on a mat ;"] * 30)
    traced = trace_reading(
        subject := subject_of(Predictor(make_folder("lstm"))), read(subject.tokenizer, text)
    )
    flow = gradient_flow(traced, beside=[Predictor(make_folder("gru", num_layers=1))])
    assert flow is not None
    assert flow.window == WINDOW
    labels = [curve.label for curve in flow.curves if curve.layer == 0]
    assert labels[:2] == ["this model", "gru, beside"]
    assert labels[2:] == [f"{name}, untrained" for name in MODELS]
    assert all(len(curve.norms["h"]) == WINDOW for curve in flow.curves)
    # At its beginning an Elman network forgets faster than an LSTM, whose forget gates are open.
    at = {curve.label: curve.memory for curve in flow.curves if curve.layer == 0}
    shares = {label: norms[30] / norms[0] for label, norms in at.items()}
    assert shares["rnn, untrained"] < shares["lstm, untrained"]


def test_clipping_tells_the_norms_of_the_weights_gradient(make_folder: MakeFolder) -> None:
    traced = double(make_folder, "gru", " ".join(["the cat sat on a mat ;"] * 20))
    actual = clipping(traced)
    assert actual.clip is None
    assert actual.share is None
    assert actual.words == 35
    assert len(actual.norms) == 4
    network = traced.subject.network
    ids = traced.reading.inputs
    network.zero_grad()
    loss, _ = network.loss(ids[35:70], ids[36:71], traced.state_before(35))
    (loss / 35).backward()
    whole = sum(float((p.grad**2).sum()) for p in network.parameters() if p.grad is not None)
    assert actual.norms[1] == pytest.approx(whole**0.5, rel=1e-6)


@pytest.mark.parametrize("name", ["mlp-last", "mlp-window"])
def test_a_feed_forward_network_has_neither(name: str, make_folder: MakeFolder) -> None:
    options = {"context_words": 3} if name == "mlp-window" else {}
    subject = subject_of(Predictor(make_folder(name, **options)))
    traced = trace_reading(subject, read(subject.tokenizer, TEXT))
    assert gradient_flow(traced) is None
    assert spectra(traced) == ()
