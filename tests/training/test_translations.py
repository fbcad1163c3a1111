"""Translation models are trained, interrupted and resumed as next-word models are."""

import itertools
from pathlib import Path

import numpy as np
import pytest

import foreword
from foreword.errors import FolderError, SettingsError, TrainingError
from foreword.evaluation.pairs import greedy
from foreword.folder.translation_store import read_translation
from foreword.models.build import load_weights
from foreword.text.pair_batches import Ends, Ids
from foreword.text.subwords import SLOT_CHARACTERS
from foreword.training.pair_corpus import PairCorpus, read_pair_corpus
from foreword.training.progress import silent
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.trainer import Run
from foreword.training.trainer import train as train_loop
from foreword.training.translations import TranslationTask, validation_sample
from foreword.translation.model import TranslationModel

NUMBERS = {"eins": "one", "zwei": "two", "drei": "three", "vier": "four", "acht": "eight"}
SENTENCES = list(itertools.product(NUMBERS, repeat=3))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Numbers in German and, in the opposite order, in English: 125 sentences of three."""
    folder = tmp_path_factory.mktemp("pairs")
    german = [" ".join(words) for words in SENTENCES]
    english = [" ".join(NUMBERS[word] for word in reversed(words)) for words in SENTENCES]
    paths = [folder / "numbers.de", folder / "numbers.en"]
    for path, lines in zip(paths, (german, english), strict=True):
        path.write_text("\n".join(lines) + "\n")
    return paths


def settings_of(**leaves: object) -> TrainingSettings:
    sizes = {"embedding_size": 16, "hidden_size": 32, "batch_size": 8, "dropout": 0.0}
    return settings_from(
        {**sizes, "subword_dropout": 0.0, "placeholder_share": 0.0, "validations": 1, **leaves}
    )


def task_of(files: list[Path], **leaves: object) -> tuple[TranslationTask, PairCorpus]:
    settings = settings_of(**leaves)
    corpus = read_pair_corpus(files, files, settings, silent)
    return TranslationTask(corpus, settings), corpus


def go(run: Run, *, steps: int) -> None:
    """Take some steps of a longer run."""
    train_loop(
        run,
        validate=None,
        save=lambda *_: None,
        should_stop=lambda: run.position.step >= steps,
        report=silent,
    )


def test_it_learns_a_translation_in_the_opposite_order(files: list[Path]) -> None:
    task, corpus = task_of(files, steps=45, learning_rate=0.03, label_smoothing=0.0)
    run = task.begin(silent, fresh=True)
    go(run, steps=45)
    assert task.validate().perplexity < 1.5
    sources = corpus.ids(["acht vier zwei", "eins eins drei"])
    ends = Ends(corpus.subwords.start, corpus.subwords.end)
    options = dict(greedy(task.model, sources, ends))
    assert [corpus.subwords.decode(options[k]) for k in (0, 1)] == [
        "two four eight",
        "three one one",
    ]


def test_a_resumed_run_goes_on_bit_for_bit(files: list[Path]) -> None:
    """With dropout of units and of merges, across the end of a pass."""
    leaves = {"steps": 9, "dropout": 0.3, "subword_dropout": 0.2, "average": 0.2}
    whole = task_of(files, **leaves)[0].begin(silent, fresh=True)
    go(whole, steps=9)
    first = task_of(files, **leaves)[0].begin(silent, fresh=True)
    go(first, steps=4)
    second = task_of(files, **leaves)[0].begin(silent, fresh=False)
    second.restore(first.capture())
    go(second, steps=9)
    assert whole.objective.epochs > 1
    for name, weight in whole.model.state_dict().items():
        np.testing.assert_array_equal(second.model.state_dict()[name], weight)


def test_a_checkpoint_with_a_continued_model_of_other_shapes_is_refused(files: list[Path]) -> None:
    objective = task_of(files, steps=1)[0].begin(silent, fresh=True).objective
    weights = {name: weight.numpy() for name, weight in objective.model.state_dict().items()}
    objective.restore(weights, objective.document())
    for forged in ({**weights, "output.bias": np.zeros(3)}, dict(list(weights.items())[1:])):
        with pytest.raises(ValueError, match="other shapes"):
            objective.restore(forged, objective.document())


def test_a_model_that_practises_copying_knows_how_its_words_are_spelled(
    files: list[Path], tmp_path: Path
) -> None:
    known = {}
    for share in (0.0, 0.5):
        settings = settings_of(steps=1, placeholder_share=share)
        foreword.train(pairs=files, out=tmp_path / str(share), settings=settings)
        known[share] = read_translation(tmp_path / str(share)).spellings

    assert known[0.0] is None
    assert known[0.5] is not None
    assert known[0.5].is_strange_name("Krzysztof")
    assert not known[0.5].is_strange_name("Zwei")


def test_training_writes_a_folder_and_goes_on_from_it(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "model"
    messages: list[str] = []
    outcome = foreword.train(
        pairs=files,
        valid_pairs=files,
        out=out,
        settings=settings_of(steps=3),
        report=lambda event: messages.append(str(event)),
    )
    folder = read_translation(out)
    model = TranslationModel(folder.model)
    load_weights(model, folder.weights)
    assert folder.config == outcome.config
    assert outcome.config.evaluation.pairs == len(SENTENCES)
    assert outcome.config.training.words == 3 * len(SENTENCES)
    assert "# A translation model" in (out / "README.md").read_text()
    with pytest.raises(SettingsError, match="holds a model already"):
        foreword.train(pairs=files, out=out, settings=settings_of(steps=3))
    again = foreword.train(out=out, resume=True, steps=5)
    assert again.config.training.steps == 5
    with pytest.raises(TrainingError, match="the train text is not the one"):
        foreword.train(pairs=files[::-1], out=out, resume=True)


def test_placeholders_and_some_names_and_numbers_become_slots(tmp_path: Path) -> None:
    files = [tmp_path / "a.de", tmp_path / "a.en"]
    files[0].write_text("".join(f"Hallo {{name}}, hier ist Nummer {k}.\n" for k in range(40)))
    files[1].write_text("".join(f"This is number {k}, {{name}}.\n" for k in range(40)))
    corpus = read_pair_corpus(files, files, settings_of(steps=1), silent)
    sources, targets = corpus.with_slots(0.25, seed=1)
    assert len(sources) == len(targets) == 50
    assert sources[7].startswith(f"Hallo {SLOT_CHARACTERS[0]}, hier")
    assert targets[7] == f"This is number 7, {SLOT_CHARACTERS[0]}."
    for source, target in zip(sources, targets, strict=True):
        slots = [sorted(set(SLOT_CHARACTERS) & set(side)) for side in (source, target)]
        assert slots[0] == slots[1]
        assert slots[0]
    assert corpus.with_slots(0.25, seed=1) == (sources, targets)


def test_a_model_is_compressed_and_its_cost_is_measured_on_pairs(
    files: list[Path], tmp_path: Path
) -> None:
    whole, small = tmp_path / "whole", tmp_path / "small"
    settings = settings_of(steps=20, learning_rate=0.03)
    foreword.train(pairs=files, valid_pairs=files, out=whole, settings=settings)
    with pytest.raises(SettingsError, match="measured on pairs"):
        foreword.compress(whole, small)
    result = foreword.compress(whole, small, pairs=files)
    assert read_translation(small).weights["embedding.weight"].dtype == np.int8
    measured = [foreword.evaluate(folder, pairs=files, beams=1) for folder in (whole, small)]
    assert result.perplexity_before == pytest.approx(measured[0].perplexity, rel=1e-4)
    assert result.perplexity_after == pytest.approx(measured[1].perplexity, rel=0.02)
    assert result.perplexity_after == pytest.approx(result.perplexity_before, rel=0.02)


def test_a_translation_model_predicts_no_next_words_and_says_so(
    files: list[Path], tmp_path: Path
) -> None:
    foreword.train(pairs=files, out=tmp_path / "model", settings=settings_of(steps=1))
    with pytest.raises(FolderError, match="foreword translate"):
        foreword.evaluate(tmp_path / "model", files[0])


def test_validation_reads_a_sample_that_is_spread_over_all_pairs() -> None:
    """Sentence k is k, k, k, ...: which sentences were read is seen in the sub-words."""
    sentences = Ids.of([[k] * 9 for k in range(5000)])
    sources, targets = validation_sample(sentences, sentences)
    chosen = targets.ids[::9]
    assert 9_000 < len(targets.ids) + len(chosen) < 11_000
    assert (chosen[0], chosen[-1]) == (0, 4999)
    assert set(np.diff(chosen)) == {5, 6}
    np.testing.assert_array_equal(sources.ids, targets.ids)


def test_texts_and_pairs_are_not_trained_on_together(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="texts or pairs, not both"):
        foreword.train(files[0], pairs=files, out=tmp_path / "model")


def test_one_language_without_the_other_is_refused(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set both, or neither"):
        foreword.train(pairs=files, out=tmp_path / "model", source_language="de", steps=1)


def test_a_continued_model_learns_new_pairs_and_keeps_the_old_ones(
    files: list[Path], tmp_path: Path
) -> None:
    old, new, corrections = tmp_path / "old", tmp_path / "new", tmp_path / "corrections.tsv"
    settings = settings_of(steps=45, learning_rate=0.03, label_smoothing=0.0)
    foreword.train(pairs=files, valid_pairs=files, out=old, settings=settings)
    corrections.write_text("acht eins\tone acht\neins acht\tacht one\n")
    messages: list[str] = []
    continued = foreword.train(
        pairs=corrections,
        continues=old,
        out=new,
        steps=30,
        validations=1,
        learning_rate=0.01,
        report=lambda event: messages.append(str(event)),
    )
    before, after = read_translation(old), read_translation(new)
    assert after.subwords.to_json() == before.subwords.to_json()
    assert after.model == before.model
    assert continued.config.training.text == "corrections.tsv, after numbers.de, numbers.en"
    of_new = [foreword.evaluate(m, pairs=corrections, beams=1).perplexity for m in (old, new)]
    of_old = [foreword.evaluate(m, pairs=files, beams=1).perplexity for m in (old, new)]
    assert of_new[1] < of_new[0]
    assert of_old[1] <= 1.02 * of_old[0]
    assert any("of the way to what was learned" in event for event in messages)


def test_a_continued_run_resumes_with_the_old_pairs(files: list[Path], tmp_path: Path) -> None:
    old, corrections = tmp_path / "old", tmp_path / "corrections.tsv"
    foreword.train(pairs=files, valid_pairs=files, out=old, settings=settings_of(steps=1))
    corrections.write_text("acht eins\tone acht\n" * 9 + "zwei\tacht\n")
    new = tmp_path / "new"
    messages: list[str] = []
    foreword.train(out=new, pairs=corrections, continues=old, validations=1, steps=4)
    again = foreword.train(
        out=new, resume=True, steps=6, report=lambda event: messages.append(str(event))
    )
    assert again.config.training.steps == 6
    assert again.config.training.text == "corrections.tsv, after numbers.de, numbers.en"
    assert any("of the way to what was learned" in event for event in messages)


def test_continuing_refuses_another_architecture_and_no_pairs(
    files: list[Path], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    foreword.train(pairs=files, valid_pairs=files, out=old, settings=settings_of(steps=1))
    with pytest.raises(SettingsError, match="hidden_size is 32 in the model to continue"):
        foreword.train(pairs=files, continues=old, out=tmp_path / "new", hidden_size=64)
    with pytest.raises(SettingsError, match="give them with --pairs"):
        foreword.train(continues=old, out=tmp_path / "new")
    with pytest.raises(SettingsError, match="give --continue"):
        foreword.train(pairs=files, old_pairs=files, out=tmp_path / "new")
