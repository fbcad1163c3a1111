import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.predictor.personal.conftest import made_up, tokenizer

from foreword.errors import SettingsError
from foreword.predictor.personal import Limits, Personal
from foreword.predictor.personal.learned_memory import bucket_of
from foreword.predictor.personal.screen import Screen, Screened

LETTER = "Dear Annegret, see you at the station.\n"


def counts(layer: Personal) -> dict[str, int]:
    return {held.word: held.count for held in layer.words()}


def likeliest(layer: Personal, context: str, prefix: str = "") -> str:
    words = layer.opinion(["\n", *context.split()], prefix).words
    return max(words, key=words.__getitem__)


def test_a_word_of_ones_own_is_held_when_it_is_said_for_the_second_time(
    layer: Personal, file: Path
) -> None:
    layer.learn(LETTER)
    assert "Annegret" not in counts(layer)
    assert b"Annegret" not in file.read_bytes()
    layer.learn(LETTER)
    assert counts(layer)["Annegret"] == 2
    assert likeliest(layer, "Dear", "An") == "Annegret"


def test_a_word_of_ones_own_is_suggested_at_once_but_not_from_the_file(
    layer: Personal, file: Path
) -> None:
    layer.learn("Dear Annegret, see you")
    assert likeliest(layer, "Dear", "an") == "Annegret"
    assert counts(layer).keys() == {"Dear", ",", "see", "you"}
    assert b"Annegret" not in file.read_bytes()
    layer.refresh()
    assert likeliest(layer, "Dear", "an") == "Annegret"
    with Personal.open(file, tokenizer()) as again:
        assert again.opinion(["\n", "Dear"], "an").words == {}


@pytest.mark.parametrize("change", ["forget", "edit", "elsewhere", "long"])
def test_a_word_said_once_is_no_longer_suggested_after_another_change(
    layer: Personal, file: Path, change: str
) -> None:
    layer.learn("Dear Annegret, see you")
    if change == "forget":
        layer.forget("annegret")
    elif change == "edit":
        layer.edit("see", count=2)
    elif change == "long":
        layer.learn("see you\n" * 400)
    else:
        with Personal.open(file, tokenizer()) as other:
            other.learn("how are you")
        layer.refresh()
    assert layer.opinion(["\n", "Dear"], "an").words == {}


def test_a_word_that_the_model_knows_is_held_at_once(layer: Personal) -> None:
    layer.learn("see you")
    assert counts(layer) == {"see": 1, "you": 1}


def test_what_was_written_before_is_likelier_than_what_was_not(layer: Personal) -> None:
    layer.learn("see you at the station\n" * 3)
    opinion = layer.opinion(["\n", "see", "you", "at"], "")
    assert max(opinion.words, key=opinion.words.__getitem__) == "the"
    assert opinion.words["the"] > 0.5
    assert sum(opinion.words.values()) <= 1 + 1e-9


def test_an_empty_layer_has_no_words_and_a_prefix_that_none_has_no_weight(layer: Personal) -> None:
    assert layer.opinion([], "").words == {}
    layer.learn("see you")
    assert layer.opinion(["\n"], "zz").weight == 0.0
    assert layer.opinion(["\n"], "zz").words == {}


def test_shares_of_completions_sum_to_one(layer: Personal) -> None:
    layer.learn("see the station at the station\nthe stables\nthe stables\n")
    opinion = layer.opinion(["\n", "see", "the"], "sta")
    assert opinion.words.keys() == {"station", "stables"}
    assert sum(opinion.words.values()) == pytest.approx(1)


def test_letters_are_completed_in_any_case(layer: Personal) -> None:
    layer.learn("Dear dear\n" + "Dear Annegret\n" * 3)
    for prefix in ("d", "D", "DE"):
        assert layer.opinion(["\n"], prefix).words.keys() == {"Dear", "dear"}
    assert likeliest(layer, "Dear", "ann") == "Annegret"


def test_letters_of_a_word_that_was_expected_raise_the_weight_and_of_another_lower_it(
    layer: Personal,
) -> None:
    layer.learn("Dear Annegret\n" * 5 + "the station\n" * 20)
    context = ["\n", "Dear"]
    before = layer.opinion(context, "").weight
    assert layer.opinion(context, "an").weight > before > layer.opinion(context, "st").weight


def test_predicting_changes_nothing(layer: Personal, file: Path) -> None:
    layer.learn(LETTER * 2)
    before = file.read_bytes()
    for prefix in ("", "s", "unheard"):
        layer.opinion(["\n", "Tell", "nobody"], prefix)
    layer.close()
    assert file.read_bytes() == before


def test_what_was_said_lately_is_likelier_than_what_was_said_long_ago(layer: Personal) -> None:
    layer.learn("see\n" + "how are you\n" * 100 + "at\n")
    words = layer.opinion(["unheard", "before"], "").words
    assert words["at"] > words["see"]


def test_secrets_are_neither_held_nor_bridged(layer: Personal, file: Path) -> None:
    for _ in range(3):
        learned = layer.learn(
            "see 4111 1111 1111 1111 at me@example.org the password is sunshine ."
        )
    assert learned.refused == {"card": 4, "email": 1, "keyword": 2}
    assert counts(layer) == {"see": 3, "at": 3, "the": 3, "password": 3, "is": 3}
    words = layer.opinion(["\n", "see"], "").words
    assert words["at"] < 0.5  # the number stood between them
    for secret in (b"4111", b"1111", b"example", b"sunshine"):
        assert secret not in file.read_bytes()
    assert layer.audit().refused == {"card": 12, "email": 3, "keyword": 6}


def test_a_word_is_a_secret_where_it_is_announced_however_harmless_elsewhere(
    layer: Personal,
) -> None:
    layer.learn("sunshine and sunshine\nthe password is sunshine\n")
    assert counts(layer)["sunshine"] == 2


def test_forgetting_a_word_removes_it_from_all_that_is_held_and_from_the_file(
    layer: Personal, file: Path
) -> None:
    layer.learn("Dear Annegret and annegret,\n" * 500 + "".join(f"w{i} w{i}\n" for i in range(999)))
    assert b"nnegret" in file.read_bytes()
    assert layer.forget("ANNEGRET") == 2
    assert b"nnegret" not in file.read_bytes()
    assert all("nnegret" not in line for line in layer.export())
    assert layer.opinion(["\n", "Dear"], "Ann").words == {}
    assert sorted(p.name for p in file.parent.iterdir()) == [file.name]


def test_forgetting_reaches_a_word_that_was_said_once(layer: Personal) -> None:
    layer.learn("Annegret")
    layer.forget("Annegret")
    layer.learn("Annegret")
    assert counts(layer) == {}


@pytest.mark.parametrize("text", ["mcdonald", "McDonald", "MCDONALD", "Mcdonald"])
@pytest.mark.parametrize("forgotten", ["McDonald", "MCDONALD", "mcdonald"])
def test_forgetting_reaches_a_word_that_was_said_once_in_any_case(
    layer: Personal, text: str, forgotten: str
) -> None:
    layer.learn(text)
    assert layer.audit().doubted == 1
    layer.forget(forgotten)
    assert layer.audit().doubted == 0


@pytest.mark.parametrize(("text", "forgotten"), [("Zoë", "ZOE\u0308"), ("İnce", "ince")])
def test_forgetting_finds_letters_however_they_are_written(
    layer: Personal, text: str, forgotten: str
) -> None:
    layer.learn(text)
    layer.forget(forgotten)
    assert layer.audit().doubted == 0


def test_forgetting_everything_leaves_nothing_readable(layer: Personal, file: Path) -> None:
    layer.learn(LETTER * 300 + "unheard-of")
    size = file.stat().st_size
    assert layer.forget_everything() > 0
    assert layer.words() == []
    assert list(layer.export()) == ['{"foreword_personal": 1}']
    data = file.read_bytes()
    assert len(data) <= size
    assert not any(word in data for word in (b"Annegret", b"station", b"unheard"))
    layer.learn("see you")
    assert counts(layer) == {"see": 1, "you": 1}


def test_a_word_can_be_written_otherwise_and_counted_otherwise(layer: Personal, file: Path) -> None:
    layer.learn("Dear Anegret\n" * 3)
    layer.edit("Anegret", to="Annegret", count=7)
    assert counts(layer) == {"Dear": 3, "Annegret": 7}
    assert likeliest(layer, "Dear") == "Annegret"
    assert b"Anegret" not in file.read_bytes()


def test_two_words_that_become_one_are_added_up(layer: Personal) -> None:
    layer.learn("Dear Anegret\nDear Anegret\nDear Annegret\nDear Annegret\n")
    layer.edit("Anegret", to="Annegret")
    assert counts(layer) == {"Dear": 4, "Annegret": 4}
    sequences = [json.loads(line) for line in layer.export() if "sequence" in line]
    assert {"sequence": ["\n", "Dear", "Annegret"], "count": 4} in sequences


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word": "unheard", "count": 1}, "unheard is not among the words"),
        ({"word": "see", "to": "two words"}, "not a single word"),
        ({"word": "see", "to": "aB3dE6gH"}, "looks like a secret"),
        ({"word": "see", "count": 0}, "at least 1"),
        ({"word": "\n", "count": 1}, "not among the words"),
    ],
)
def test_a_wrong_edit_says_what_is_wrong(
    layer: Personal, change: dict[str, object], message: str
) -> None:
    layer.learn("see you")
    with pytest.raises(SettingsError, match=message):
        layer.edit(change.pop("word"), **change)
    assert counts(layer) == {"see": 1, "you": 1}


def test_a_model_without_capitals_meets_the_words_in_its_own_form(tmp_path: Path) -> None:
    layer = Personal.open(tmp_path / "p", tokenizer("fold"), create=True)
    layer.learn("Dear Annegret\ndear ANNEGRET\nDEAR Annegret\nDear ANNEGRET\nDear Annegret\n")
    assert counts(layer)["Annegret"] == 3
    assert likeliest(layer, "dear") == "annegret"
    opinion = layer.opinion(["\n", "dear"], "an")
    assert opinion.words == {"annegret": pytest.approx(1)}
    assert opinion.spelled == {"annegret": "Annegret"}


def test_a_capital_at_the_beginning_of_a_sentence_tells_nothing_of_how_a_word_is_written(
    tmp_path: Path,
) -> None:
    layer = Personal.open(tmp_path / "p", tokenizer("fold"), create=True)
    layer.learn("Shall we see Zoë? Shall we see? Zoë shall. Shall we.\nShall we see\n")
    assert layer.opinion([], "").spelled == {"zoë": "Zoë"}


def test_what_is_exported_can_be_imported_and_predicts_alike(
    layer: Personal, tmp_path: Path
) -> None:
    layer.learn("Dear Annegret, how are you\n" * 3 + "see you at the station\n" * 2)
    lines = list(layer.export())
    other = Personal.open(tmp_path / "other", tokenizer(), create=True)
    learned = other.import_(lines)
    assert learned.new == len(layer.words())
    assert sorted(other.export()) == sorted(lines)
    assert likeliest(other, "Dear") == likeliest(layer, "Dear") == "Annegret"
    other.import_(lines)
    assert counts(other) == {word: 2 * count for word, count in counts(layer).items()}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "had no lines"),
        (['{"word": "see", "count": 1}'], "line 1 .* must stand first"),
        (['{"foreword_personal": 1}'] * 2, "line 2 .* must stand first, and only there"),
        (['{"foreword_personal": 2}'], "line 1 .* not a header"),
        (['{"foreword_personal": 1}', "{"], "line 2 "),
        (['{"foreword_personal": 1}', '{"word": "see", "count": 0}'], "line 2 "),
        (['{"foreword_personal": 1}', '{"word": "see", "count": 1.5}'], "line 2 "),
        (
            ['{"foreword_personal": 1}', '{"word": "a b", "count": 1}'],
            "line 2 .* not a single word",
        ),
        (['{"foreword_personal": 1}', '{"word": "see", "count": 1, "x": 1}'], "line 2 "),
        (
            ['{"foreword_personal": 1}', *['{"word": "see", "count": 1}'] * 2],
            "line 3 .* come before",
        ),
        (
            ['{"foreword_personal": 1}', '{"sequence": [null, "\\n", "see"], "count": 1}'],
            "line 2 .* not among the words before it",
        ),
        (['{"foreword_personal": 1}', " " * 5000], "line 2 .* more than 4,096 characters"),
    ],
)
def test_a_wrong_import_says_which_line_and_changes_nothing(
    layer: Personal, lines: list[str], message: str
) -> None:
    layer.learn("see you")
    with pytest.raises(SettingsError, match=message):
        layer.import_(lines)
    assert counts(layer) == {"see": 1, "you": 1}


def test_secrets_are_not_imported_either(layer: Personal) -> None:
    learned = layer.import_(
        [
            '{"foreword_personal": 1}',
            '{"word": "aB3dE6gH", "count": 2}',
            '{"word": "4111", "count": 2}',
            '{"word": "see", "count": 2}',
            '{"sequence": ["4111", "4111", "4111"], "count": 2}',
            '{"sequence": ["see", "aB3dE6gH", "see"], "count": 2}',
        ]
    )
    assert learned.refused == {"token": 1}
    assert counts(layer) == {"see": 2}
    assert [line for line in layer.export() if "sequence" in line] == []


def test_the_audit_finds_what_older_rules_let_in_and_shows_no_secret(
    layer: Personal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screen, "screened", lambda *_: Screened())
    layer.learn("the key aB3dE6gH and 4111 1111 1111 1111 see\n" * 2)
    layer.learn("my password is sunflower see\nthe blue lamp , a blue lamp\npassword : blue\n" * 2)
    monkeypatch.undo()
    actual = layer.audit()
    assert {(s.kind, s.shown) for s in actual.suspects} == {
        ("token", "aB… (8 characters)"),
        ("digits", "4… (4 characters)"),
        ("digits", "1… (4 characters)"),
        ("keyword", "su… (9 characters)"),
        ("keyword", "b… (4 characters)"),
    }
    assert layer.forget_suspects() == 4
    assert layer.audit().suspects == []
    assert {"see", "blue", "lamp", "password"} <= counts(layer).keys()
    assert "sunflower" not in counts(layer)
    sequences = [json.loads(line)["sequence"] for line in layer.export() if "sequence" in line]
    assert ["password", ":", "blue"] not in sequences
    assert ["\n", "the", "blue"] in sequences
    texts = layer._held.memory.vocabulary.texts
    recent = " ".join(texts[i] for i in layer._held.memory.recent)
    assert "password : blue" not in recent


def test_words_and_sequences_stay_within_their_limits_and_the_least_useful_go(file: Path) -> None:
    limits = Limits(words=50, ngrams=80, doubted=10)
    layer = Personal.open(file, tokenizer(), create=True, limits=limits)
    layer.learn("see you at the station\n" * 5)
    for start in range(0, 400, 20):
        layer.learn("\n".join(f"{made_up(i)} {made_up(i)}" for i in range(start, start + 20)))
        layer.learn(" ".join(f"{made_up(i)}na" for i in range(start, start + 20)))
        memory = layer._held.memory
        assert len(layer.words()) <= 50
        assert len(memory.trigrams) <= 80
        assert len(memory.doubted) <= 10
    assert {"see", "you", "at", "the", "station", made_up(399)} <= counts(layer).keys()
    assert made_up(1) not in counts(layer)
    assert len(layer._held.memory.vocabulary.texts) < 2 * (50 + 40)
    with pytest.raises(SettingsError, match="ngrams must be at least 1"):
        Limits(ngrams=0)


def test_weight_rises_where_the_person_repeats_themselves_and_falls_where_not(
    tmp_path: Path,
) -> None:
    def network(words: list[str]) -> list[float]:
        return [0.01] * len(words)

    repeating = Personal.open(tmp_path / "repeating", tokenizer(), create=True)
    wandering = Personal.open(tmp_path / "wandering", tokenizer(), create=True)
    before = repeating.opinion(["\n", "see"], "").weight
    for turn in range(40):
        repeating.learn("see you at the station\n", network)
        wandering.learn(f"see {turn}x you {turn}y at {turn}z\n", lambda words: [0.2] * len(words))
    assert repeating.opinion(["\n", "see"], "").weight > 0.6 > before
    assert wandering.opinion(["\n", "see"], "").weight < before + 0.3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=200), context=st.lists(st.text(max_size=9), max_size=4))
def test_any_text_can_be_learned_and_any_context_asked(
    layer: Personal, text: str, context: list[str]
) -> None:
    layer.learn(text)
    layer.learn(text.replace(" ", "\n"))
    for prefix in ("", text[:2]):
        opinion = layer.opinion(context, prefix)
        assert 0 <= opinion.weight <= 1
        assert all(p > 0 for p in opinion.words.values())
        assert sum(opinion.words.values()) <= 1 + 1e-9
        assert not {"\n", "", "<unk>", "<eos>"} & opinion.words.keys()


def test_hostile_texts_are_learned_in_no_time(layer: Personal) -> None:
    for text in ("\0" * 100_000, "a" * 10_000_000, "\ud800 see", "👩‍👩‍👧 ع ‏", " \n" * 100_000):
        layer.learn(text)
    assert counts(layer) == {"see": 1}


def test_a_hash_is_of_24_bits_and_depends_on_the_salt() -> None:
    salts = [bytes([n]) * 16 for n in range(50)]
    actual = {bucket_of("Annegret", salt) for salt in salts}
    assert len(actual) == 50
    assert max(actual) < 1 << 24
