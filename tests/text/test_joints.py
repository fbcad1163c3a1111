from collections import Counter

import pytest

from foreword.text.corpus import text_source
from foreword.text.joints import Hyphens, hyphens_of_vocabulary
from foreword.text.lines import Piece
from foreword.text.newlines import as_units, unit_pieces, whole_units
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.width import settled, width_of
from foreword.text.wrapping import PLAIN

PROSE = (
    "the committee met in the established meeting room to talk about self-aware machines and what "
    "they would mean for the community of people who had been elected to the committee last year "
)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of a width, in which words are split by a hyphen wherever they end beyond it."""
    lines = []
    while len(text) > width:
        line, text = text[: width - 1], text[width - 1 :]
        splits = line[-2:].isalpha() and text[:2].isalpha()
        if not splits:
            line, _, rest = (line + text[:0]).rpartition(" ")
            text = rest + text
        lines.append(line + "-" * splits)
    return [*lines, text]


def units(lines: list[str]) -> list[str]:
    (source,) = settled([text_source("a", "\n".join(lines))], "wrapped")
    return list(whole_units(source.read()))


def test_words_that_are_split_at_line_ends_are_those_of_the_text_again() -> None:
    lines = wrapped(PROSE * 12, 60)
    assert sum(line.endswith("-") for line in lines) > 10
    (actual,) = units(lines)
    words = set(PROSE.replace("-", " ").split())
    assert set(actual.replace("-", " ").split()) == words


def test_how_many_were_put_together_is_told_with_an_example() -> None:
    messages: list[str] = []
    lines = [
        "the committee met and then the commit-",
        "tee went home, and it was a commit\xad",
        "tee",
    ]
    settled([text_source("a", "\n".join(lines))], "wrapped", None, messages.append)
    assert messages == [
        "2 words were put together that a hyphen had split at the end of a line, such as “commit-” "
        "and “tee”"
    ]


@pytest.mark.parametrize(
    ("before", "after", "together"),
    [
        ("the commit-", "tee met", "the committee met"),
        ("the COMMIT-", "TEE met", "the COMMITTEE met"),
        ("be self-", "aware", "be self-aware"),
        ("an Anglo-", "American", "an Anglo-American"),
        ("in 1990-", "2000", "in 1990-2000"),
        ("a state-of-", "the-art", "a state-of-the-art"),
        ("between two-", "and three", "between two- and three"),
        ("soft com\xad", "munity", "soft community"),
        ("so it was -", "and then", "so it was - and then"),
        ("it was --", "and then", "it was -- and then"),
    ],
)
def test_a_hyphen_stays_where_it_is_a_part_of_the_word(
    before: str, after: str, together: str
) -> None:
    counts = Counter(["committee", "self-aware", "self", "aware", "community", "the", "art", "two"])
    hyphens = Hyphens(counts, after_hyphen=["and"], common=["the", "and"], split=1.0)
    pieces = [Piece(line, ends_line=True) for line in (before, after)]
    assert list(whole_units(unit_pieces(pieces, PLAIN, hyphens))) == [together]


def test_the_vocabulary_tells_while_a_text_is_typed() -> None:
    tokenizer = Tokenizer(
        ["<unk>", "<eos>", "the", "committee", "met", "commit"], TokenizerConfig(lines="wrapped")
    )
    read = [word.text for word in tokenizer.read("the commit-\ntee met")]
    assert read == ["the", "committee", "met"]
    assert [word.start for word in tokenizer.read("the commit-\ntee met")] == [0, 4, 16]


def test_a_split_word_is_joined_only_once_its_end_is_typed() -> None:
    hyphens = hyphens_of_vocabulary(["committee"])
    seen, _ = as_units("the commit-\nte", PLAIN, hyphens=hyphens)
    assert seen == "the commit- te"
    whole, _ = as_units("the commit-\ntee ", PLAIN, hyphens=hyphens)
    assert whole.replace("\u2064", "") == "the committee "
    assert len(whole) == len("the commit-\ntee ")


CHINESE = (
    "今天天气很好我们一起去公园散步看到了很多花和树大家都很高兴然后我们回家吃饭聊天看电视最后睡觉了"
)
THAI = "วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะด้วยกันเห็นดอกไม้และต้นไม้มากมายทุกคนมีความสุขมาก"


def test_wrapped_chinese_has_no_space_for_a_line_end() -> None:
    paragraph = (CHINESE + "，") * 5 + "好。"
    lines = [paragraph[i : i + 30] for i in range(0, len(paragraph), 30)]
    actual = width_of(Piece(line, ends_line=True) for line in [*lines, "", *lines])
    assert actual.columns == 60
    assert units([*lines, "", *lines]) == [paragraph, "", paragraph]


@pytest.mark.parametrize(
    ("before", "after", "together"),
    [
        ("今天天气", "很好", "今天天气很好"),
        ("今天，", "天气", "今天，天气"),
        ("วันนี้อากาศ", "ดีมาก", "วันนี้อากาศดีมาก"),
        ("私はカメラを", "買った", "私はカメラを買った"),
        ("오늘 날씨가", "좋다", "오늘 날씨가 좋다"),
        ("我用", "vim 写", "我用 vim 写"),
        ("the cat", "sat", "the cat sat"),
    ],
)
def test_a_line_end_is_a_space_only_where_the_script_sets_one(
    before: str, after: str, together: str
) -> None:
    pieces = [Piece(line, ends_line=True) for line in (before, after)]
    assert list(whole_units(unit_pieces(pieces, PLAIN))) == [together]
    seen, _ = as_units(f"{before}\n{after}", PLAIN)
    assert seen.replace("\u2064", "") == together


def test_japanese_paragraphs_begin_with_a_wide_space() -> None:
    lines = ["　" + CHINESE[:29], CHINESE[29:40], "　" + CHINESE[:29], CHINESE[:10]]
    assert units(lines) == ["　" + CHINESE[:40], "　" + CHINESE[:29] + CHINESE[:10]]


def test_messages_of_one_length_in_chinese_are_not_wrapped() -> None:
    lines = [f"{CHINESE[i : i + 25]}。" for i in range(20)] * 3
    assert width_of(Piece(line, ends_line=True) for line in lines).columns is None


def test_a_word_that_was_joined_is_apart_again_once_its_end_is_deleted() -> None:
    hyphens = hyphens_of_vocabulary(["committee"])
    _, known = as_units("the commit-\ntee ", PLAIN, hyphens=hyphens)
    seen, _ = as_units("the commit-\nte", PLAIN, known, hyphens=hyphens)
    assert seen == "the commit- te"


def test_a_hyphen_before_a_script_without_case_stays() -> None:
    hyphens = hyphens_of_vocabulary(["commit"])
    assert as_units("commit-\n今天 ", PLAIN, hyphens=hyphens)[0] == "commit- 今天 "
