import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from foreword.errors import SettingsError
from foreword.evaluation.methods import reading
from foreword.evaluation.methods.dynamic import EPSILON, Dynamic, gradient_rms
from foreword.evaluation.methods.measure import measure
from foreword.evaluation.methods.mixing import Gate, best_gate, best_weights, mixed
from foreword.evaluation.methods.plan import Cache, Plan, applied, opinions, tuned, weighed
from foreword.evaluation.methods.reading import read
from foreword.evaluation.perplexity import score
from foreword.folder.config import FolderConfig, ModelConfig, NgramConfig
from foreword.folder.saving import write_folder
from foreword.models.build import build, weights_of
from foreword.models.model import NextWordModel
from foreword.models.ngram import NgramModel
from foreword.ngrams.kneser_ney import learn
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig

V = 12
TEXT = np.random.default_rng(0).integers(0, V, 1500) % np.tile([12, 5, 7], 500)
IDS = TEXT[:60]
TABLE = learn(TEXT, V, 3)


def network(name: str = "lstm", **options: object) -> NextWordModel:
    sizes = {"vocab_size": V, "embedding_size": 6, "hidden_size": 5}
    config = ModelConfig(name=name, **{**sizes, **options})
    model = build(config, generator=torch.Generator().manual_seed(2)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


MODEL = network()
RMS = gradient_rms(MODEL, TEXT[:200], segment=7)
PLANS = {
    "network": Plan(),
    "temperature": Plan(temperature=1.3),
    "cache": Plan(cache=Cache(2.0, 15)),
    "sgd": Plan(dynamic=Dynamic(0.05, 0.01, segment=7)),
    "rms": Plan(dynamic=Dynamic(1e-3, 0.01, segment=7, rms=RMS)),
    "all": Plan(1.1, Cache(2.0, 15), Dynamic(1e-3, 0.01, segment=7, rms=RMS), TABLE),
}


def shares(plan: Plan, ids: np.ndarray) -> dict[str, np.ndarray]:
    actual = opinions(MODEL, ids, plan, None)
    return applied(weighed(plan, opinions(MODEL, TEXT[:100], plan, None)), actual)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("length", [1, 8, 30])
def test_probabilities_of_all_words_that_may_come_sum_to_one(plan: Plan, length: int) -> None:
    total: dict[str, float] = {}
    for word in range(V):
        for name, actual in shares(plan, np.r_[IDS[: length - 1], word]).items():
            total[name] = total.get(name, 0.0) + actual[-1]
    assert total == pytest.approx(dict.fromkeys(total, 1.0), abs=1e-5)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_shuffling_the_future_does_not_change_the_past(plan: Plan) -> None:
    other = IDS.copy()
    other[33:] = np.random.default_rng(1).permutation(IDS[33:])
    for name, actual in shares(plan, IDS).items():
        after = shares(plan, other)[name]
        np.testing.assert_array_equal(after[:33], actual[:33], err_msg=name)
        assert (after[33:] != actual[33:]).any()


def test_the_network_alone_is_what_evaluation_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW_WORDS", 7)
    monkeypatch.setattr(reading, "CHUNK_ROWS", 3)
    assert read(MODEL, IDS).nats.sum() == pytest.approx(score(MODEL, IDS).nats, rel=1e-5)


MIXTURE = network(softmaxes=3, num_layers=2, skip=True)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_of_a_mixture_all_methods_give_probabilities_that_learn_and_sum_to_one(plan: Plan) -> None:
    if plan.dynamic is not None and plan.dynamic.rms is not None:
        rms = gradient_rms(MIXTURE, TEXT[:200], segment=7)
        plan = replace(plan, dynamic=replace(plan.dynamic, rms=rms))
    total: dict[str, float] = {}
    for word in range(V):
        of = opinions(MIXTURE, np.r_[IDS[:20], word], plan, None)
        for name, actual in applied(weighed(plan, of), of).items():
            if name in ("network", "network + cache"):
                total[name] = total.get(name, 0.0) + actual[-1]
    # What is mixed with the cache takes weights that each text has chosen for itself.
    assert total["network"] == pytest.approx(1.0, abs=1e-5)


def test_of_a_mixture_temperature_and_loss_are_those_of_its_logarithms() -> None:
    before = torch.from_numpy(np.r_[EOS_ID, IDS[:-1]])[:, None]
    with torch.no_grad():
        logits, _ = MIXTURE(before, MIXTURE.start(1))
    target = torch.from_numpy(IDS)
    expected = [F.cross_entropy(logits[:, 0] / t, target, reduction="none") for t in (1.0, 0.7)]
    actual = read(MIXTURE, IDS, temperatures=(1.0, 0.7)).nats
    np.testing.assert_allclose(actual, torch.stack(expected).numpy(), rtol=1e-4)
    assert actual[0].sum() == pytest.approx(score(MIXTURE, IDS).nats, rel=1e-5)


def states_and_scores(ids: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    before = torch.from_numpy(np.r_[EOS_ID, ids[:-1]])[:, None]
    with torch.no_grad():
        features, _ = MODEL.features(before, MODEL.start(1))
        return features[:, 0].double(), MODEL.scores(features)[:, 0].double()


def test_temperature_divides_logits() -> None:
    _, scores = states_and_scores(IDS)
    expected = F.cross_entropy(scores / 0.7, torch.from_numpy(IDS), reduction="none")
    actual = read(MODEL, IDS, temperatures=(1.0, 0.7)).nats[1]
    np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-4)


def test_the_cache_is_that_of_the_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW_WORDS", 7)
    h, _ = states_and_scores(IDS)
    h = h / h.norm(dim=1, keepdim=True)
    actual = read(MODEL, IDS, thetas=(0.3, 1.5), windows=(4, 20)).cached
    for a, theta in enumerate((0.3, 1.5)):
        for b, window in enumerate((4, 20)):
            for t in range(1, len(IDS)):
                weights = {i: math.exp(theta * float(h[t] @ h[i])) for i in range(t)}
                weights = {i: w for i, w in weights.items() if i >= t - window}
                right = sum(w for i, w in weights.items() if IDS[i] == IDS[t])
                assert actual[a, b, t] == pytest.approx(right / sum(weights.values()), rel=1e-4)
    assert np.isnan(actual[:, :, 0]).all()


def test_signs_say_how_sure_network_and_cache_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW_WORDS", 7)
    h, scores = states_and_scores(IDS)
    actual = read(MODEL, IDS, temperatures=(0.7, 1.0), thetas=(1.5,), windows=(20,))
    logs = (scores / 0.7).log_softmax(1)
    expected = torch.stack([-(logs.exp() * logs).sum(1), logs.amax(1)])
    np.testing.assert_allclose(actual.signs, expected.numpy(), rtol=1e-4)
    cosines = F.cosine_similarity(h[:, None], h[None], dim=2)
    assert actual.cache_signs is not None
    for t in range(1, len(IDS)):
        weights = {i: math.exp(1.5 * float(cosines[t, i]) - 1.5) for i in range(max(0, t - 20), t)}
        total = sum(weights.values())
        shares = [sum(w for i, w in weights.items() if IDS[i] == word) / total for word in range(V)]
        told = [math.log(total), max(shares)]
        assert actual.cache_signs[:, t] == pytest.approx(told, rel=1e-4)


@pytest.mark.parametrize("rms", [None, RMS])
def test_dynamic_evaluation_takes_the_papers_steps(rms: dict[str, torch.Tensor] | None) -> None:
    rate, decay, segment = 2e-3, 0.05, 7
    actual = read(MODEL, IDS, dynamic=Dynamic(rate, decay, segment, rms)).nats[0]
    model, nats = network(), []
    first = {name: p.detach().clone() for name, p in model.named_parameters()}
    everything = torch.cat([part.flatten() for part in RMS.values()]).mean()
    text, state = torch.from_numpy(np.r_[EOS_ID, IDS]), model.start(1)
    for start in range(0, len(IDS), segment):
        inputs = text[:-1][start : start + segment, None]
        targets = text[1:][start : start + segment]
        logits, state = model(inputs, tuple(part.detach() for part in state))
        losses = F.cross_entropy(logits[:, 0], targets, reduction="none")
        nats += losses.tolist()
        model.zero_grad()
        losses.mean().backward()
        with torch.no_grad():
            for name, p in model.named_parameters():
                step = p.grad if rms is None else p.grad / (rms[name] + EPSILON)
                back = 1.0 if rms is None else rms[name] / everything
                back = torch.clamp(decay * torch.as_tensor(back), max=1.0)
                p.copy_(p - rate * step + back * (first[name] - p))
    np.testing.assert_allclose(actual, nats, rtol=1e-4)


def test_reading_leaves_the_model_as_it_was() -> None:
    model = network()
    before = {name: p.clone() for name, p in model.state_dict().items()}
    read(model.train(), IDS, dynamic=Dynamic(0.1, 0.0))
    assert model.training
    assert all(torch.equal(before[name], p) for name, p in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_best_weights_are_those_of_a_fine_grid() -> None:
    parts = np.random.default_rng(4).uniform(0.01, 1, (2, 400)) * [[1.0], [0.7]]
    grid = np.linspace(0, 1, 2001)
    costs = [-np.log(mixed(parts, np.array([[w], [1 - w]]))).sum() for w in grid]
    assert best_weights(parts)[0] == pytest.approx(grid[int(np.argmin(costs))], abs=2e-3)


def cost(gate: Gate, parts: np.ndarray, signs: np.ndarray) -> float:
    return float(-np.log(mixed(parts, gate.weights(signs))).mean())


def test_a_gate_trusts_each_part_where_signs_say_that_it_is_right() -> None:
    random = np.random.default_rng(4)
    parts = random.uniform(0.01, 1, (3, 900))
    kind = np.arange(900) % 3
    parts[kind, np.arange(900)] += 1.0
    signs = np.stack([1e3 + 50.0 * (kind == 1), kind == 2, np.ones(900), random.normal(size=900)])
    gate = best_gate(parts, signs)
    weights = gate.weights(signs)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    for k in range(3):
        # Each kind of words has the weights that suit its words alone.
        alone = best_weights(parts[:, kind == k])
        np.testing.assert_allclose(weights[:, kind == k].mean(axis=1), alone, atol=0.03)
    assert cost(gate, parts, signs) < cost(Gate.constant(best_weights(parts)), parts, signs) - 0.1


def test_no_small_change_of_a_gate_suits_its_text_better() -> None:
    random = np.random.default_rng(5)
    parts, signs = random.uniform(0.01, 1, (2, 400)), random.normal(size=(2, 400)) * [[3.0], [0.1]]
    gate = best_gate(parts, signs)
    best = cost(gate, parts, signs)
    for _ in range(50):
        other = Gate(gate.factors + random.normal(size=gate.factors.shape) * 0.3)
        assert cost(other, parts, signs) > best - 1e-4


def test_a_part_without_an_opinion_leaves_its_weight_to_the_first() -> None:
    parts = np.array([[0.5, 0.25], [np.nan, 1.0]])
    np.testing.assert_allclose(mixed(parts, np.array([[0.5], [0.5]])), [0.5, 0.625])
    assert np.isfinite(best_gate(parts, np.array([[1.0, 2.0]])).factors).all()


def test_tuning_chooses_what_suits_its_text_and_gets_better_by_it() -> None:
    plan = tuned(
        MODEL, TEXT[:400], Plan(table=TABLE),
        temperature=True, cache=True, dynamic=True, tell=lambda *_: None,
    )  # fmt: skip
    assert plan.cache is not None
    assert plan.dynamic is not None
    # Signs of the network, of the contexts that n-grams of three words know, and of the cache.
    factors = plan.gates["network + n-gram + cache"].factors
    assert factors.shape == (3, 1 + 2 + 2 + 2)
    assert (factors[:, [1, 2, 5, 6]] != 0).all()
    actual = applied(plan, opinions(MODEL, TEXT[:400], plan, None))
    nats = {name: -np.log(p).mean() for name, p in actual.items()}
    alone = read(MODEL, TEXT[:400]).nats.mean()
    assert nats["network + n-gram + cache"] <= min(nats.values()) + 1e-6
    assert nats["network"] < alone


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    tokenizer = Tokenizer(["<unk>", "<eos>", *"abcdefghij"], TokenizerConfig(words="spaces"))
    of_network = FolderConfig(model=MODEL.config, tokenizer=tokenizer.config)
    write_folder(tmp_path / "network", of_network, weights_of(MODEL), tokenizer, "")
    counts = tuple(len(level.keys) for level in TABLE.levels)
    of_ngram = FolderConfig(
        format_version=3,
        model=NgramConfig(vocab_size=V, order=3, ngrams=counts),
        tokenizer=tokenizer.config,
    )
    write_folder(tmp_path / "ngram", of_ngram, TABLE.to_arrays(), tokenizer, "")
    (tmp_path / "text.txt").write_text("a b c d\na b zebra d\ne a b c\n" * 5)
    (tmp_path / "valid.txt").write_text("a b c a\na b c d\ne a d\n" * 9)
    return tmp_path / "network", tmp_path / "ngram"


def test_a_measurement_tells_what_adapts_and_begins_with_the_network_alone(
    folders: tuple[Path, Path],
) -> None:
    model, ngram = folders
    text, valid = model.parent / "text.txt", model.parent / "valid.txt"
    actual = measure(
        model, text, cache=Cache(2.0, 20), dynamic=Dynamic(0.01, 0.01), ngram=ngram, tune=valid
    )
    names = {column.name: column.adapts for column in actual.columns}
    assert not names["network"]
    assert not names["tempered network + n-gram"]
    assert names["tempered network + cache"]
    assert names["dynamic network"]
    assert names["dynamic network + n-gram + cache"]
    import foreword

    alone = foreword.evaluate(model, [text])
    assert actual.words == alone.words == 75
    assert actual.columns[0].perplexity == pytest.approx(alone.perplexity, rel=1e-4)


def test_what_cannot_be_measured_is_refused(folders: tuple[Path, Path]) -> None:
    model, ngram = folders
    text = model.parent / "text.txt"
    with pytest.raises(SettingsError, match="nothing to tune on"):
        measure(model, text, tune_cache=True)
    with pytest.raises(SettingsError, match="temperature must be above 0"):
        measure(model, text, temperature=0)
    with pytest.raises(SettingsError, match="only an ngram model"):
        measure(model, text, ngram=model)
    with pytest.raises(SettingsError, match="are for networks"):
        measure(ngram, text)
    other = Tokenizer(["<unk>", "<eos>", *"ABCDEFGHIJ"], TokenizerConfig(words="spaces"))
    config = FolderConfig(model=MODEL.config, tokenizer=other.config)
    write_folder(model.parent / "other", config, weights_of(MODEL), other, "")
    with pytest.raises(SettingsError, match="another vocabulary"):
        measure(model.parent / "other", text, ngram=ngram)
    assert NgramModel(TABLE).device.type == "cpu"
