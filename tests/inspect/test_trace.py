"""A trace equals a step by step run, by another implementation where there is one."""

import numpy as np
import pytest
import torch
from tests.conftest import MakeFolder

import foreword
from foreword.cells.registry import cell_for
from foreword.folder.store import Folder
from foreword.inspect import LayerArrays, TextTrace, read, subject_of, trace
from foreword.inspect.trace import CHUNK_WORDS, state_after, trace_reading
from foreword.predictor.predictor import Predictor

TEXT = "the cat sat on a mat ;\n\nI would like to , Zebra don't !"
RECURRENT = [
    *("rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru"),
    *("lstm-layernorm", "gru-layernorm", "slstm", "rg-lru", "qrnn"),
]


def traced(folder: Folder, text: str = TEXT) -> TextTrace:
    return trace(Predictor(folder), text)


@pytest.mark.parametrize("name", [*RECURRENT, "sru"])
def test_gates_and_states_are_those_of_the_cells_equations_step_by_step(
    name: str, make_folder: MakeFolder
) -> None:
    actual = traced(make_folder(name))
    network = actual.subject.network
    cell = cell_for(name)
    names = cell.parameter_shapes(1, 1)
    for t in range(len(actual.reading)):
        x = network.embedding.weight[actual.reading.ids[t]][None]
        for layer in actual.layers:
            weights = {n: getattr(network.recurrent, f"{n}_l{layer.layer}") for n in names}
            state = tuple(part[layer.layer] for part in actual.state_before(t))
            after, gates = cell.step(x, state, weights)
            for state_name, part in zip(cell.states, after, strict=True):
                np.testing.assert_allclose(
                    layer.states[state_name][t], part[0].detach(), rtol=1e-4, atol=1e-5
                )
            for gate, values in layer.gates.items():
                np.testing.assert_allclose(values[t], gates[gate][0].detach(), rtol=1e-4, atol=1e-5)
            assert set(layer.gates) == set(gates) - {"h"}
            x = after[0]


@pytest.mark.parametrize("name", [*RECURRENT, "mlp-window", "mlp-last"])
def test_predictions_are_those_of_the_predictor_word_by_word(
    name: str, make_folder: MakeFolder
) -> None:
    folder = make_folder(name, **({"context_words": 3} if name == "mlp-window" else {}))
    predictor = Predictor(folder)
    actual = traced(folder)
    state = predictor.start()
    for t, word in enumerate(actual.reading.words):
        if t > 0:
            state = predictor.advance(state, word)
        expected = predictor.log_probabilities(state)
        top = actual.predictions.top[t]
        shares = np.log(actual.predictions.shares[t])
        np.testing.assert_allclose(shares, expected[top], rtol=2e-5, atol=1e-4)
        assert set(top) == set(np.argsort(-expected)[: len(top)])
        if t + 1 < len(actual.reading):
            index = actual.reading.ids[t + 1]
            assert actual.predictions.came[t] == pytest.approx(expected[index], rel=2e-5, abs=1e-4)
            assert actual.predictions.rank[t] == (expected > expected[index]).sum() + 1
        entropy = -(np.exp(expected) * expected).sum() / np.log(2)
        assert actual.predictions.entropy[t] == pytest.approx(entropy, abs=1e-4)
    np.testing.assert_array_equal(
        predictor.probabilities(state), predictor.probabilities(predictor.read(TEXT))
    )


def test_a_text_is_read_as_the_predictor_reads_it(make_folder: MakeFolder) -> None:
    words = read(make_folder().tokenizer, TEXT).words
    expected = "<eos> the cat sat on a mat ; <eos> I would like to , Zebra don't !"
    assert " ".join(words) == expected


def test_a_long_text_runs_in_chunks_as_it_would_in_one(make_folder: MakeFolder) -> None:
    subject = subject_of(Predictor(make_folder("lstm")))
    reading = read(subject.tokenizer, "the cat sat on a mat " * (CHUNK_WORDS // 5))
    assert len(reading) > CHUNK_WORDS + 1
    actual = trace_reading(subject, reading)
    whole, _, layers = subject.network.traced(
        subject.network.embedding.weight[reading.inputs], subject.network.start(1)
    )
    np.testing.assert_allclose(
        actual.layers[-1].states["h"], whole[:, 0].detach(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        actual.layers[0].gates["f"], layers[0].gates["f"][:, 0].detach(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["lstm", "gru", "mlp-window"])
def test_a_trace_that_begins_in_the_middle_goes_on_as_the_whole_one(
    name: str, make_folder: MakeFolder
) -> None:
    options = {"context_words": 3} if name == "mlp-window" else {}
    subject = subject_of(Predictor(make_folder(name, **options)))
    reading = read(subject.tokenizer, TEXT)
    whole = trace_reading(subject, reading)
    rest = trace_reading(subject, reading[5:], before=state_after(subject, reading[:5]))
    np.testing.assert_allclose(rest.predictions.came[:-1], whole.predictions.came[5:-1], atol=1e-5)
    for one, other in zip(whole.state_before(8), rest.state_before(3), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_arrays_have_names_and_shapes(make_folder: MakeFolder) -> None:
    actual = traced(make_folder("lstm-coupled"), "the cat")
    shapes = {name: values.shape for name, values in actual.arrays.items()}
    assert shapes["layer1.c"] == shapes["layer0.f"] == (3, 5)
    assert shapes["top"] == (3, 5)
    assert "layer0.i" not in shapes
    assert "layer0.f (3, 5)" in repr(actual)


def test_an_mlp_shows_its_hidden_layers_and_no_gates(make_folder: MakeFolder) -> None:
    actual = traced(make_folder("mlp-window", context_words=3))
    assert [layer.gates for layer in actual.layers] == [{}, {}]
    network = actual.subject.network
    ids = actual.reading.ids[2:5]
    first = torch.tanh(
        network.hidden[0](network.embedding.weight[torch.from_numpy(ids)].reshape(1, -1))
    )
    np.testing.assert_allclose(actual.layers[0].states["h"][4], first[0].detach(), atol=1e-6)


def test_the_perplexity_is_that_of_evaluation(make_folder: MakeFolder) -> None:
    from foreword.evaluation.perplexity import score

    actual = traced(make_folder("gru"))
    measured = score(actual.subject.network, actual.reading.ids[1:].astype(np.uint32))
    assert actual.predictions.perplexity == pytest.approx(measured.perplexity, rel=1e-5)


def test_one_word_alone_has_no_perplexity_but_a_prediction(make_folder: MakeFolder) -> None:
    actual = traced(make_folder("lstm"), "")
    assert actual.reading.words == ("<eos>",)
    assert np.isnan(actual.predictions.perplexity)
    assert actual.predictions.shares.shape == (1, 5)


def test_it_is_reached_from_the_package_and_takes_a_folder_or_a_predictor(
    make_folder: MakeFolder,
) -> None:
    model = Predictor(make_folder("rnn"))
    layer = foreword.inspect.trace(model, "the cat").layers[0]
    assert isinstance(layer, LayerArrays)
    assert layer.gates == {}
