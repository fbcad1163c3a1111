import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foreword.errors import SettingsError
from foreword.folder.store import Folder
from foreword.predictor import reading
from foreword.predictor.engine import Engine
from foreword.predictor.generate import generate
from foreword.predictor.predictor import Predictor
from foreword.predictor.state import State
from foreword.predictor.typist import Typist
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

MakeFolder = Callable[..., Folder]
MakeSpeaker = Callable[..., Predictor]


def read_by(typist: Typist) -> reading.ReadingProgress | None:
    """What a typist has read, without what it looked ahead to: a fresh one need not have."""
    return typist._reading and replace(typist._reading, ahead=None)


class Counting:
    """An engine that counts the words by which it advances."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.advanced = 0

    def advance(self, state: State, word: int) -> State:
        self.advanced += 1
        return self.engine.advance(state, word)

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)


@pytest.fixture
def counted(make_folder: MakeFolder, in_python: None) -> tuple[Typist, Counting]:
    predictor = Predictor(make_folder())
    engine = Counting(predictor._engine)
    predictor._engine = engine  # type: ignore[assignment]
    typist = predictor.typist()
    engine.advanced = 0
    return typist, engine


def advanced(counted: tuple[Typist, Counting], text: str, **options: bool) -> int:
    typist, engine = counted
    before = engine.advanced
    typist.suggest(text, **options)
    return engine.advanced - before


def test_letters_advance_nothing_and_a_space_one_word(counted: tuple[Typist, Counting]) -> None:
    assert advanced(counted, "the cat sat ") == 3
    letters = ["the cat sat " + "like"[:n] for n in range(1, 5)]
    assert [advanced(counted, text, complete=True) for text in letters] == [0, 0, 0, 0]
    assert advanced(counted, "the cat sat like ") == 1
    assert advanced(counted, "the cat sat like t", complete=True) == 0


def test_a_word_that_may_be_finished_is_read_once_and_not_again_at_its_space(
    counted: tuple[Typist, Counting],
) -> None:
    assert advanced(counted, "the cat sat ") == 3
    assert advanced(counted, "the cat sat mat") == 1
    assert advanced(counted, "the cat sat mat") == 0
    assert advanced(counted, "the cat sat mat ") == 0


def test_helpers_are_called_up_where_a_whole_word_is_wanted(
    counted: tuple[Typist, Counting],
) -> None:
    typist, engine = counted
    calls = 0

    def call_up() -> None:
        nonlocal calls
        calls += 1

    engine.call_up = call_up  # type: ignore[attr-defined]
    actual = []
    for text in ("the", "the ", "the c", "the ca", "the cat", "the cat,", "the cat, "):
        typist.suggest(text)
        actual.append(calls)
    assert actual == [0, 1, 1, 1, 1, 2, 3]


LI_WORDS = {"like": 0.3, "likely": 0.2, "the": 0.15, "lime": 0.1, "little": 0.05, "cat": 0.01}


def shown(typist: Typist, text: str) -> list[str]:
    return [suggestion.word for suggestion in typist.suggest(text, 2)]


@pytest.mark.usefixtures("each_way")
def test_what_was_passed_over_is_not_shown_again_while_the_word_goes_on(
    speaker: MakeSpeaker,
) -> None:
    typist = speaker(LI_WORDS).typist(repeats=False)
    assert shown(typist, "a ") == ["like", "likely"]
    assert shown(typist, "a l") == ["lime", "little"]
    assert shown(typist, "a l") == ["lime", "little"]  # it is drawn again
    assert shown(typist, "a li") == []
    assert shown(typist, "a li l") == ["like", "likely"]  # another word


@pytest.mark.usefixtures("each_way")
def test_what_was_passed_over_comes_back_when_a_letter_is_taken_away(speaker: MakeSpeaker) -> None:
    typist = speaker(LI_WORDS).typist(repeats=False)
    assert shown(typist, "a l") == ["like", "likely"]
    assert shown(typist, "a li") == ["lime", "little"]
    assert shown(typist, "a l") == ["like", "likely"]
    typist.forget()
    assert shown(typist, "a li") == ["like", "likely"]


def test_going_back_and_forth_advances_nothing(counted: tuple[Typist, Counting]) -> None:
    advanced(counted, "the cat sat on a mat ")
    for text in ("the cat sat on a mat", "the cat sat on a ma", "the cat sat on ", "the cat s"):
        assert advanced(counted, text, complete=True) == 0


def test_an_edit_in_the_middle_advances_what_follows_it(counted: tuple[Typist, Counting]) -> None:
    text = "the cat sat on a mat " * 8
    advanced(counted, text)
    edited = text[:-30] + "Qqqq" + text[-30:]
    after = len(text[-30:].split()) + 2
    assert 0 < advanced(counted, edited) <= after
    assert advanced(counted, "would " + edited) == len(edited.split()) + 1


SENTENCES = {
    "with marks": "今天天气很好，我们一起去公园散步。大家都很高兴！" * 40,
    "without marks": "今天天气很好我们一起去公园散步大家都很高兴" * 40,
    "Thai": "วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะด้วยกัน" * 20,
}


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_key_costs_as_much_after_a_thousand_letters_without_spaces_as_after_a_hundred(
    kind: str, speaker: MakeSpeaker
) -> None:
    predictor = speaker({"今天": 0.1, "天气": 0.2, "很好": 0.1, "，": 0.05}, segmenter="icu")
    counting = Counting(predictor._engine)
    predictor._engine = counting  # type: ignore[assignment]
    typist, text = predictor.typist(), SENTENCES[kind]

    def most(first: int) -> int:
        costs = []
        typist.suggest(text[: first - 1])
        for end in range(first, first + 60):
            before = counting.advanced
            typist.suggest(text[:end])
            costs.append(counting.advanced - before)
        return max(costs)

    assert most(800) <= most(120) + 1 <= 40


PIECES = [
    *(
        "今天天气很好我们一起去公园散步大家都很高兴",
        "今天",
        "，",
        "」",
        "...",
        "-",
        " ",
        "x",
        "วันนี้อากาศดีมาก",
    ),
    *("commit-\n", "tee ", "\n", "\n\n", "\u2064", "　"),
]


LONG = PIECES[0] * 2


@example(edits=[(piece, 0) for piece in ("commit-\n", "今天", "x", "-", "，")])
@example(edits=[(piece, 0) for piece in (LONG, "-", LONG, "「", "今天")])
@example(edits=[(LONG, 4), (LONG, 30), ("」", 0), ("今天", 0), ("x", 0)])
@given(edits=st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 4)), max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_wrapped_text_without_spaces_is_read_alike_at_once_and_while_it_is_edited(
    speaker: MakeSpeaker, edits: list[tuple[str, int]]
) -> None:
    words = {"今天": 0.1, "天气": 0.2, "很好": 0.1, "，": 0.05, "committee": 0.1}
    predictor = speaker(words, lines="wrapped", segmenter="icu")
    typist, text = predictor.typist(), ""
    for piece, deleted in edits:
        text += piece
        for _ in range(2):
            fresh = predictor.typist()
            assert typist.suggest(text) == fresh.suggest(text)
            assert typist._reading is not None
            assert fresh._reading is not None
            assert typist._reading.context.words == fresh._reading.context.words
            text = text[: len(text) - deleted]


def test_memory_is_bounded_however_long_the_text(counted: tuple[Typist, Counting]) -> None:
    typist, _ = counted
    for length in range(1, 3000, 250):
        typist.suggest("a cat " * length)
        assert typist._reading is not None
        assert len(typist._reading.marks) <= reading.MARKS
        assert len(typist._reading.head) < 2 * reading.STRIDE
        assert len(typist._reading.context.words) <= reading.WORDS_REMEMBERED


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize("marks", [1, 3, 4])
def test_fewer_states_are_kept_on_request_and_answers_stay_the_same(
    make_folder: MakeFolder, marks: int
) -> None:
    predictor = Predictor(make_folder())
    typist = predictor.typist(marks=marks)
    text = "the cat and the mat and the "
    for end in [*range(1, len(text) + 1), 9, 21, len(text)]:
        assert typist.suggest(text[:end]) == predictor.suggest(text[:end])
        assert typist._reading is not None
        assert len(typist._reading.marks) <= marks
    with pytest.raises(SettingsError, match="at least 1, not 0"):
        Predictor(make_folder()).typist(marks=0)


def test_long_texts_go_on_at_the_cost_of_a_word(counted: tuple[Typist, Counting]) -> None:
    text = "a cat sat on " * 1000
    first = advanced(counted, text)
    assert 2048 / 4 < first < 4096 / 2
    assert advanced(counted, text + "mat") == 1
    assert advanced(counted, text + "mat ") == 0


@pytest.mark.usefixtures("in_python")
def test_the_state_is_the_one_that_reading_gives(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    typist = predictor.typist()
    for text in (
        "the cat, sat\n\non ",
        "",
        "\n",
        "Don’t! ",
        "the\r\ncat ",
        "zebra (a) ",
        "a\x1cb ",
    ):
        typist.suggest(text)
        assert typist._reading is not None
        assert typist._reading.context.state == predictor.read(text)
    typist.suggest("the cat, sat", complete=False)
    assert typist._reading.context.state == predictor.read("the cat, sat")


@pytest.mark.usefixtures("in_python")
def test_the_part_that_is_read_follows_the_text_that_is_there(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    typist = predictor.typist()
    before = " " + "the cat sat " * 341
    for letters in ("lik", "li"):  # the first text is just as long that its beginning is left out
        typist.suggest(before + letters)
        assert typist._reading is not None
        assert (typist._reading.begin == 0) is (len(before + letters) < 2 * reading.STRIDE)
    for end in "\n ":  # after which reading begins, at the beginning of a sentence or within one
        text = "x" * reading.STRIDE + end + "The" + before[:3000]
        fresh = predictor.typist()
        assert typist.suggest(text) == fresh.suggest(text)
        assert typist._reading is not None
        assert fresh._reading is not None
        assert typist._reading.context.capitals == fresh._reading.context.capitals
        assert typist._reading.begin == reading.STRIDE + 1


@pytest.mark.usefixtures("each_way")
def test_forgetting_drops_the_text(make_folder: MakeFolder) -> None:
    typist = Predictor(make_folder()).typist()
    typist.suggest("the cat ")
    typist.forget()
    assert typist._reading is None
    assert typist.suggest("the cat ") != []


@pytest.mark.usefixtures("each_way")
def test_fewer_than_one_word_is_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(SettingsError, match="k must be at least 1, not 0"):
        Predictor(make_folder()).typist().suggest("the", 0)


@pytest.mark.usefixtures("each_way")
def test_threads_may_share_a_typist(make_folder: MakeFolder) -> None:
    predictor = Predictor(make_folder())
    typist = predictor.typist()
    texts = ["the cat s", "would like t", "don", "a mat. I wou", "the cat sat on a m"]
    alone = {text: predictor.suggest(text) for text in texts}
    wrong: list[str] = []

    def work(shift: int) -> None:
        for n in range(200):
            text = texts[(n + shift) % len(texts)]
            if typist.suggest(text) != alone[text]:
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize(
    ("before", "complete", "after"),
    [
        ("a zebra'", True, "a zebra's"),  # the apostrophe stood alone, and is one inside a word
        ("would", False, "wouldn"),
        ("I would", False, "I wouldli"),
        ("3.", True, "3.a"),
        ("#", True, "#a"),
        ("👩\u200d", True, "👩\u200da"),
        ("How " * 200 + "mat! ", True, "How " * 2000 + "mat! "),  # read from within a line
        ("a cat " * 682 + "w", True, "a cat " * 682 + "would"),  # over the length that is read
    ],
)
def test_letters_may_change_what_stands_before_them(
    before: str, complete: bool, after: str, make_folder: MakeFolder
) -> None:
    predictor = Predictor(make_folder())
    typist, fresh = predictor.typist(), predictor.typist()
    typist.suggest(before, complete=complete)
    assert typist.suggest(after, 20) == fresh.suggest(after, 20)
    assert read_by(typist) == read_by(fresh)


_PREDICTORS: dict[str, Predictor] = {}
"""In the core, in Python, and of wrapped text."""


@pytest.fixture(autouse=True)
def _predictors(make_folder: MakeFolder) -> None:
    if not _PREDICTORS:
        folder = make_folder()
        _PREDICTORS.update({name: Predictor(replace(folder)) for name in ("core", "Python")})
        _PREDICTORS["Python"].compiled_reader = None
        _PREDICTORS["wrapped"] = of_wrapped_text(folder)


MARKS = [
    "😀",
    "\u0301",
    "\ud800",
    "\u200d",
    "\u0338",
    "\x1c",
    "\u2028",
    "#\ufe0f",
    "\u20e3",
    "🇫",
    "🇷",
]
LETTERS = ["the ", "like", "don't", "zebra", "é", "한", "\u1112", "\u1161", "한\u11ab", "3.", "I "]
KEYS = st.sampled_from([*"aehlmpst .,'’\n1_\"(", *MARKS, *LETTERS])


USERS = ("core", "Python")


class Typing(RuleBasedStateMachine):
    """Users who type, edit and delete in turn; each gets what a stranger to all of them gets.

    One types in the core, the other in Python.
    """

    users: dict[str, Typist]
    texts: dict[str, str]

    @initialize()
    def begin(self) -> None:
        self.users = {name: _PREDICTORS[name].typist() for name in USERS}
        self.texts = dict.fromkeys(USERS, "")

    @rule(name=st.sampled_from(USERS), keys=st.lists(KEYS, max_size=4))
    def type_keys(self, name: str, keys: list[str]) -> None:
        for key in keys:
            self.texts[name] += key
            self.users[name].suggest(self.texts[name])

    @rule(name=st.sampled_from(USERS), count=st.integers(1, 8))
    def delete(self, name: str, count: int) -> None:
        self.texts[name] = self.texts[name][:-count]

    @rule(name=st.sampled_from(USERS), position=st.integers(0, 30), key=KEYS)
    def edit(self, name: str, position: int, key: str) -> None:
        text = self.texts[name]
        self.texts[name] = text[:position] + key + text[position + 1 :]

    @rule(name=st.sampled_from(USERS), complete=st.booleans())
    def ask(self, name: str, complete: bool) -> None:
        self.users[name].suggest(self.texts[name], complete=complete)

    @invariant()
    def answers_are_those_of_an_isolated_user(self) -> None:
        for name, text in self.texts.items():
            assert self.users[name].suggest(text) == _PREDICTORS[name].suggest(text)

    @invariant()
    def no_user_holds_anothers_text(self) -> None:
        kept = self.users["Python"]._reading
        assert kept is not None
        assert reading.readable(self.texts["Python"]).startswith(kept.head)


Typing.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=20)
TestTyping = Typing.TestCase


@given(
    texts=st.lists(st.lists(KEYS, max_size=6).map("".join), min_size=2, max_size=6),
    repeats=st.integers(1, 400),
)
@example(texts=["zebra", ""], repeats=205)  # a word that becomes longer than what is cut into words
@settings(deadline=None, max_examples=40)
def test_what_was_read_before_changes_nothing(texts: list[str], repeats: int) -> None:
    typists = {user: _PREDICTORS[user].typist() for user in USERS}
    for text in (texts[0] * repeats, *texts, texts[0] * repeats + texts[1]):
        for user, typist in typists.items():
            assert typist.suggest(text) == _PREDICTORS[user].suggest(text)


def of_wrapped_text(folder: Folder) -> Predictor:
    """A model whose training text was wrapped at a width."""
    tokenizer = Tokenizer(folder.tokenizer.words, TokenizerConfig(lines="wrapped"))
    config = folder.config.model_copy(update={"tokenizer": tokenizer.config, "format_version": 5})
    return Predictor(replace(folder, about=config, tokenizer=tokenizer))


LINES = st.sampled_from(
    [*"aeT .,-1>\n\n", "the ", "\r\n", "\n\n", "- ", "1. ", "> ", "\u2029", "I "]
)


@given(keys=st.lists(LINES, max_size=24), dropped=st.integers(0, 30))
@example(keys=["the ", "a", "a"], dropped=0)  # after "a" it had looked ahead, after "aa" not
@settings(deadline=None, max_examples=60)
def test_over_wrapped_lines_a_typist_reads_what_a_stranger_does(
    keys: list[str], dropped: int
) -> None:
    predictor = _PREDICTORS["wrapped"]
    typist, text = predictor.typist(), ""
    for key in keys:
        text += key
        typist.suggest(text)
    for shorter in (text, text[:-dropped], text[:dropped] + "e" + text[dropped:]):
        fresh = predictor.typist()
        assert typist.suggest(shorter) == fresh.suggest(shorter)
        assert read_by(typist) == read_by(fresh)


def test_a_model_of_wrapped_text_goes_on_over_a_line_end_and_not_over_a_blank_line(
    make_folder: MakeFolder,
) -> None:
    predictor = of_wrapped_text(make_folder())
    for text, read in [
        ("I would\nlike the ", "I would like the "),
        ("I would\r\nlike the\n\nzebra ", "I would like the\u2029zebra "),
        ("I would\n", "I would "),
        ("I would\n\n", "I would\u2029"),
        ("I would\n- like ", "I would\u2029- like "),
    ]:
        assert predictor.read(text).to_bytes() == predictor.read(read).to_bytes()
        words, expected = predictor.suggest(text, 5), predictor.suggest(read, 5)
        assert [one.word for one in words] == [one.word for one in expected]


def test_paragraphs_that_are_generated_are_set_apart_by_a_blank_line(
    make_folder: MakeFolder,
) -> None:
    def written(predictor: Predictor) -> str:
        options = {"temperature": 5.0, "seed": 1, "stop_at_eos": False}
        return "".join(generate(predictor, "the", max_words=200, **options))

    assert "\n" in written(Predictor(make_folder()))
    assert "\n\n" not in written(Predictor(make_folder()))
    paragraphs = written(of_wrapped_text(make_folder()))
    assert "\n\n" in paragraphs
    assert "\n" not in paragraphs.replace("\n\n", "")
