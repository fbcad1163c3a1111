import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import foreword
from foreword.errors import FolderError, SettingsError
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.predictor.generate import generate
from foreword.predictor.lockstep import alone
from foreword.predictor.predictor import Prediction, Predictor
from foreword.predictor.spacing import NO_SPACE_BEFORE, attaches_left
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

MakeFolder = Callable[..., Folder]


def cut_already(folder: Folder) -> Folder:
    """The same model, of a text whose words are separated by spaces."""
    config = TokenizerConfig(words="spaces")
    return Folder(
        folder.config.model_copy(update={"tokenizer": config}),
        folder.weights,
        Tokenizer(folder.tokenizer.words, config),
    )


def test_next_words_are_the_likeliest_in_order_with_the_models_probabilities(
    make_folder: MakeFolder,
) -> None:
    predictor = Predictor(make_folder())
    actual = predictor.predict("the cat ", k=4, complete=False)
    shares = predictor.probabilities(predictor.read("the cat"))
    visible = sorted(range(2, len(shares)), key=lambda index: -shares[index])
    assert [p.word for p in actual] == [predictor.tokenizer.words[i] for i in visible[:4]]
    assert [p.probability for p in actual] == pytest.approx([shares[i] for i in visible[:4]])


def test_a_finished_word_is_followed_and_an_unfinished_one_completed(
    make_folder: MakeFolder,
) -> None:
    predictor = Predictor(make_folder())
    followed = predictor.predict("I would like", complete=False)
    completed = predictor.predict("I would li", complete=True)
    assert followed == predictor.predict("I would like ", k=5, complete=False)
    assert {p.word for p in completed} == {"like", "likely"}
    assert sum(p.probability for p in completed) == pytest.approx(1.0)
    assert completed[0].probability >= completed[1].probability


def test_completions_weigh_what_the_context_makes_of_them(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    shares = predictor.probabilities(predictor.read("the cat"))
    like, likely = (shares[predictor.tokenizer.id_of(w)] for w in ("like", "likely"))
    actual = {p.word: p.probability for p in predictor.predict("the cat li", complete=True)}
    assert actual["like"] == pytest.approx(like / (like + likely))


def test_how_the_last_word_is_taken_can_be_said(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    forced = {p.word for p in predictor.predict("I like", complete=True)}
    assert forced == {"like", "likely"}
    whole = predictor.predict("I li", complete=False)
    assert whole == predictor.predict("I li ", complete=False)


def test_case_decides_completions_first_and_is_forgiven_then(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())

    def completed(text: str) -> set[str]:
        return {p.word for p in predictor.predict(text, complete=True)}

    assert completed("Lik") == {"Like"}
    assert completed("LIK") == {"like", "likely", "Like"}
    assert completed("par") == {"Paris"}


def test_folded_models_fold_what_is_typed(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder(case="fold"))
    for complete in (True, False):
        upper = predictor.predict("THE Cat", complete=complete)
        assert upper == predictor.predict("the cat", complete=complete)
    assert {p.word for p in predictor.predict("PAR", complete=True)} == {"paris"}


def test_an_unknown_word_that_begins_no_other_is_followed(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    whole = predictor.predict("zebra", complete=False)
    assert whole == predictor.predict("zebra ", complete=False)
    followed = {p.word.lower() for p in predictor.predict("zebra", 100)}
    assert followed == {p.word.lower() for p in predictor.predict("zebra ", 100)}
    assert predictor.predict("zebra", complete=True) == []


def test_typographic_apostrophes_are_completed(make_folder: MakeFolder) -> None:
    assert Predictor(make_folder()).predict("I don’")[0].word == "don't"
    completed = Predictor(make_folder()).predict("I don’", complete=True)
    assert [p.word for p in completed] == ["don't"]


def test_special_words_are_never_suggested(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    everything = predictor.predict("the ", k=10_000, complete=False)
    assert len(everything) == predictor.tokenizer.vocab_size - 2
    assert not {"<unk>", "<eos>"} & {p.word for p in everything}


@pytest.mark.parametrize("text", ["", "the ", "I would ", "the cat.", "I would li", "Zebra"])
def test_by_default_the_answers_are_those_of_suggest(make_folder: MakeFolder, text: str) -> None:
    predictor = Predictor(make_folder())
    suggested = predictor.suggest(text, 5, offensive=True)
    assert predictor.predict(text, 5) == [Prediction(s.word, s.probability) for s in suggested]


def test_reading_word_by_word_equals_reading_the_text(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    state = predictor.start()
    for word in ["the", "cat", "<eos>", "zebra", "don't"]:
        state = predictor.advance(state, word)
    assert state == predictor.read("the cat\nzebra don’t")
    assert state == predictor.read(" don't", predictor.read("the cat\nzebra"))


@pytest.mark.parametrize("blank", ["\n\n", "\n \n\n", "\n\r\n"])
def test_blank_lines_end_no_sentence_as_in_training(blank: str, make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    assert predictor.read(f"the cat{blank}sat") == predictor.read("the cat\nsat")
    assert predictor.read(f"{blank}the") == predictor.read("the")


def test_blank_lines_count_in_text_that_is_cut_already(make_folder: MakeFolder) -> None:
    predictor = Predictor(cut_already(make_folder()))
    state = predictor.start()
    for word in ["the", "<eos>", "<eos>", "cat"]:
        state = predictor.advance(state, word)
    assert predictor.read("the\n\ncat") == state


@given(
    words=st.lists(st.sampled_from(["the ", "cat", "\n", " ", "zebra, ", "\n\n"]), max_size=10),
    cut=st.integers(0, 10),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_may_be_read_in_parts(make_folder: MakeFolder, words: list[str], cut: int) -> None:
    predictor = _cached(make_folder)
    first, rest = "".join(w + " " for w in words[:cut]), "".join(w + " " for w in words[cut:])
    assert predictor.read(rest, predictor.read(first)) == predictor.read(first + rest)


def test_a_state_of_another_model_is_refused_with_both_shapes(make_folder: MakeFolder) -> None:
    lstm, gru = Predictor(make_folder("lstm")), Predictor(make_folder("gru"))
    for use in (
        lambda: lstm.advance(gru.start(), "the"),
        lambda: lstm.read("the", gru.start()),
        lambda: lstm.probabilities(gru.start()),
        lambda: lstm.log_probabilities(gru.start()),
    ):
        with pytest.raises(SettingsError, match=r"\[\(2, 5\)\], .* \[\(2, 5\), \(2, 5\)\]"):
            use()


@pytest.mark.parametrize(
    ("text", "known"),
    [("LIKELY cat", "likely cat"), ("Dont sat", "don't sat"), ("paris, i'd", "Paris, xyzzy")],
)
def test_an_unknown_word_is_read_as_its_form_in_another_case_or_with_its_apostrophe(
    text: str, known: str, make_folder: MakeFolder
) -> None:
    predictor = Predictor(make_folder())
    cut = predictor.tokenizer.cut(text)

    states = [predictor.read(text), predictor.start()]
    for word in cut:
        states[1] = predictor.advance(states[1], word)

    for state in (*states, alone(predictor.reading(cut, predictor.start()))):
        assert state.to_bytes() == predictor.read(known).to_bytes()
    assert predictor.suggest(f"{text} ") == predictor.suggest(f"{known} ")
    many = predictor.advance_many([predictor.start()], cut[:1])
    assert many[0].to_bytes() == predictor.read(known.split()[0].strip(",")).to_bytes()


@pytest.mark.parametrize("broken", ["\ud800", "the\udcff", "the \udfff\ud800 ca", "\udcffli"])
def test_half_a_surrogate_pair_is_read_as_an_unknown_character(
    broken: str, make_folder: MakeFolder
) -> None:
    predictor = Predictor(make_folder())
    readable = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in broken)
    for complete in (None, True, False):
        actual = predictor.predict(broken, complete=complete)
        assert actual == predictor.predict(readable, complete=complete)
    assert predictor.advance(predictor.start(), broken).last == 0


def test_marks_are_followed_and_not_completed(make_folder: MakeFolder) -> None:
    folder = make_folder()
    words = [*folder.tokenizer.words[:-1], "???"]
    predictor = Predictor(replace(folder, tokenizer=Tokenizer(words, folder.tokenizer.config)))
    assert predictor.predict("what??") == predictor.predict("what?? ")
    assert [p.word for p in predictor.predict("what??", complete=True)] == ["???"]


def test_letters_typed_as_parts_are_completed(make_folder: MakeFolder) -> None:
    folder = make_folder()
    words = [*folder.tokenizer.words[:-2], "한국", "élan"]
    predictor = Predictor(replace(folder, tokenizer=Tokenizer(words, folder.tokenizer.config)))
    for text, word in (
        ("the \u1112\u1161\u11ab", "한국"),
        ("the e\u0301l", "élan"),
        ("the cat\nthe E\u0301", "élan"),
    ):
        assert [p.word for p in predictor.predict(text, complete=True)] == [word]
        assert predictor.predict(text)[0].word.lower() == word


def test_completing_scores_the_words_that_begin_so_and_no_others(make_folder: MakeFolder) -> None:
    folder = make_folder()
    untouched = folder.weights["decoder.bias"].copy()
    begin_so = [i for i, word in enumerate(folder.tokenizer.words) if word.startswith("li")]
    folder.weights["decoder.bias"] = np.full_like(untouched, np.nan)
    folder.weights["decoder.bias"][begin_so] = untouched[begin_so]
    actual = Predictor(folder).predict("the cat li", complete=True)
    assert len(actual) == len(begin_so) == 2
    assert sum(p.probability for p in actual) == pytest.approx(1.0)


def test_fewer_than_one_word_is_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(SettingsError, match="k must be at least 1, not 0"):
        Predictor(make_folder()).predict("the", k=0)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=40), complete=st.sampled_from([None, True, False]))
def test_any_text_is_answered_with_probabilities(
    make_folder: MakeFolder, text: str, complete: bool | None
) -> None:
    predictor = _cached(make_folder)
    actual = predictor.predict(text, k=3, complete=complete)
    shares = [p.probability for p in actual]
    assert shares == sorted(shares, reverse=True)
    assert all(0 < share <= 1 for share in shares)
    assert len(actual) == 3 or complete is not False


_PREDICTORS: list[Predictor] = []


def _cached(make_folder: MakeFolder) -> Predictor:
    if not _PREDICTORS:
        _PREDICTORS.append(Predictor(make_folder()))
    return _PREDICTORS[0]


def test_loading_and_predicting_work_where_torch_is_not_installed(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder()
    write_folder(tmp_path / "m", folder.config, folder.weights, folder.tokenizer, "")
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import foreword\n"
        f"print(foreword.load({str(tmp_path / 'm')!r}).predict('the cat', k=1)[0].word)\n"
        "try: foreword.train\n"
        "except foreword.MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    word, missing = done.stdout.splitlines()
    assert word == Predictor(folder).predict("the cat", k=1)[0].word
    assert 'pip install "foreword[train]"' in missing


def test_suggesting_and_keeping_states_load_no_pydantic(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    """It would be a sixth of the process' memory, for a file of twenty lines."""
    folder = make_folder()
    write_folder(tmp_path / "m", folder.config, folder.weights, folder.tokenizer, "")
    program = (
        "import sys, foreword\n"
        f"model = foreword.load({str(tmp_path / 'm')!r})\n"
        "model.predict('the ca'), model.suggest('the ca'), model.typist().suggest('the cat ')\n"
        "model.state_from_bytes(model.read('the cat').to_bytes())\n"
        "print(sorted(name for name in sys.modules if name.startswith('pydantic')))\n"
        "print(model.config.model.name, 'pydantic' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "lstm True"]


def test_load_refuses_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="no config.json"):
        foreword.load(tmp_path)


def test_generated_text_repeats_with_its_seed_and_varies_without(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())

    def text(seed: int, **options: object) -> str:
        return "".join(generate(predictor, "the", max_words=30, seed=seed, **options))

    assert text(1) == text(1)
    assert text(1) != text(2)
    assert text(1, temperature=0) == text(2, temperature=0)
    assert text(1, top_k=1) == text(1, temperature=0)
    assert text(1, top_p=1e-9) == text(1, temperature=0)


def test_generated_words_follow_the_models_distribution(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    shares = predictor.probabilities(predictor.read("the")).astype(np.float64)
    shares[0] = 0
    shares /= shares.sum()
    drawn = [
        "".join(generate(predictor, "the", max_words=1, seed=seed, stop_at_eos=False)).strip(" ")
        for seed in range(1500)
    ]
    for word, share in zip(predictor.tokenizer.words, shares, strict=True):
        actual = drawn.count("\n" if word == "<eos>" else word) / len(drawn)
        assert actual == pytest.approx(share, abs=4 * (share / len(drawn)) ** 0.5 + 0.003)


def test_top_k_draws_from_the_k_likeliest_only(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    likeliest = np.argsort(-predictor.probabilities(predictor.read("a")))[:4]
    allowed = {predictor.tokenizer.words[i] for i in likeliest if i != 0}
    drawn = {
        "".join(generate(predictor, "a", max_words=1, seed=s, top_k=3, stop_at_eos=False)).strip()
        for s in range(60)
    }
    assert drawn <= allowed | {""}


def test_spaces_stand_where_they_belong(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    for seed in range(20):
        text = "the" + "".join(
            generate(predictor, "the", max_words=40, seed=seed, stop_at_eos=False)
        )
        assert "<unk>" not in text
        assert " ," not in text
        assert " !" not in text
        assert "\n " not in text
        assert "  " not in text


def writes(order: list[str], **options: object) -> Predictor:
    """A model of which each word is followed by the next of the list, almost surely."""
    vocabulary = ["<unk>", "<eos>", *dict.fromkeys(w for w in order if w != "<eos>")]
    ids = [vocabulary.index(word) for word in order]
    size = len(vocabulary)
    assert len(set(ids)) == len(ids)
    model = ModelConfig(
        name="mlp-last", vocab_size=size, embedding_size=size, hidden_size=size, tied=False
    )
    follows = np.zeros((size, size), dtype=np.float32)
    follows[ids[1:], ids[:-1]] = 1000
    weights = {
        "embedding.weight": np.eye(size, dtype=np.float32),
        "hidden.0.weight": np.eye(size, dtype=np.float32),
        "hidden.0.bias": np.zeros(size, dtype=np.float32),
        "decoder.weight": follows,
        "decoder.bias": np.zeros(size, dtype=np.float32),
    }
    tokenizer = Tokenizer(vocabulary, TokenizerConfig(**options))
    return Predictor(
        Folder(FolderConfig(model=model, tokenizer=tokenizer.config), weights, tokenizer)
    )


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("Well", ["Well", ",", "yes", "...", "no", "!!!"], ", yes... no!!!"),
        ("so", ["so", "(", "it", "is", ")", "."], " (it is)."),
        ("he", ["he", "“", "so", "”", "$", "5", "%"], " “so” $5%"),
        ("she said", ["said", '"', "yes"], ' "yes'),
        ('she said "yes', ["yes", '"', "and"], '" and'),
        ('she said "', ['"', "yes"], "yes"),
        ('"so" (', ["(", "it"], "it"),
        ("dogs", ["dogs", "'", "tails"], "' tails"),
        ("", ["<eos>", "the", "cat"], "the cat"),
        ("the ", ["the", "cat"], "cat"),
    ],
)
def test_marks_stand_as_in_print(before: str, words: list[str], after: str) -> None:
    predictor = writes(words)
    pieces = generate(predictor, before, max_words=len(words) - 1, temperature=0)
    assert "".join(pieces) == after


@pytest.mark.parametrize("mark", ["...", "!!", "??", ",", ")", "%"])
def test_marks_that_attach_to_the_left_are_found_by_set_and_by_function(mark: str) -> None:
    # The prompt looks words up in the set.
    assert mark in NO_SPACE_BEFORE
    assert attaches_left(mark)


def test_a_quotation_ends_with_its_line() -> None:
    predictor = writes(["a", '"', "b", "<eos>", "c"])
    pieces = generate(predictor, "a", max_words=4, temperature=0, stop_at_eos=False)
    assert "".join(pieces) == ' "b\nc'


def test_text_that_is_cut_already_is_continued_as_such() -> None:
    words = ["Well", ",", "yes", "(", '"', "no", ")"]
    predictor = writes(words, words="spaces")
    text = "Well" + "".join(generate(predictor, "Well", max_words=6, temperature=0))
    assert predictor.tokenizer.encode(text) == [predictor.tokenizer.id_of(w) for w in words]


def test_the_unknown_word_is_not_drawn_where_nothing_else_is_likely(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder()
    folder.weights["decoder.bias"] = np.full(len(folder.tokenizer.words), -500, dtype=np.float32)
    folder.weights["decoder.bias"][0] = 500
    text = "".join(generate(Predictor(folder), "the", max_words=20, seed=1, stop_at_eos=False))
    assert text.strip()
    assert "<unk>" not in text


@pytest.mark.parametrize("temperature", [1e-320, 1e-6, 1e300])
def test_any_temperature_draws_words(temperature: float, make_folder: MakeFolder) -> None:
    pieces = generate(
        Predictor(make_folder()), "the", max_words=5, temperature=temperature, stop_at_eos=False
    )
    assert len(list(pieces)) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": float("nan")},
        {"max_words": -1},
        {"seed": -1},
    ],
)
def test_generation_settings_out_of_range_are_refused_by_name(
    wrong: dict[str, float], make_folder: MakeFolder
) -> None:
    options = {"max_words": 3, **wrong}
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        generate(Predictor(make_folder()), "the", **options)
