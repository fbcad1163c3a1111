import json
import time
import unicodedata
from collections import Counter

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError
from foreword.text.lines import Piece
from foreword.text.tokenizer import EOS_ID, UNK_ID, Tokenizer, TokenizerConfig

# Characters that join, compose, vanish or change their length, more often than chance has them.
ODD = (
    "a'’ .1,😂👍🏽\u200d\ufe0f\u20e3🇩🇪!<İßﬁ\u0301\u0338\u0327\u0345"
    "\u1112\u1161\u11ab\u09c7\u09be\u200e\xad"
)
TEXTS = st.text(max_size=80) | st.text(st.sampled_from(ODD), max_size=12)


def learn(*lines: str, **options: object) -> Tokenizer:
    sizes = {k: options.pop(k) for k in ("vocab_size", "min_count") if k in options}
    pieces = (Piece(line, ends_line=True) for line in lines)
    return Tokenizer.learn(pieces, TokenizerConfig(**options), **sizes)


def words(text: str, **options: object) -> list[str]:
    return [word.text for word in learn(text, **options).split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "Hello|,|world|!"),
        ("I don't, rock'n'roll", "I|don't|,|rock'n'roll"),
        ("don’t", "don't"),
        ("'quoted' dogs' tails", "'|quoted|'|dogs|'|tails"),
        ("3.14 or 1,000 at 10:30.", "3.14|or|1,000|at|10:30|."),
        ("wait... what?! no!!!", "wait|...|what|?|!|no|!!!"),
        ("well-known e.g. a/b", "well|-|known|e|.|g|.|a|/|b"),
        ("Größe naïve Ελλάδα привет שלום हिन्दी", "Größe|naïve|Ελλάδα|привет|שלום|हिन्दी"),
        ("cafe\u0301 x", "café|x"),
        ("ok👍🏽yes ❤️ 👨‍👩‍👧", "ok|👍🏽|yes|❤️|👨‍👩‍👧"),
        ("a\u00a0b\tc\u3000d", "a|b|c|d"),
        ("<unk> <eos>", "<|unk|>|<|eos|>"),
        ("$5 + 3% #tag a_b", "$|5|+|3|%|#|tag|a_b"),
        ("me@home.org -- //", "me|@|home|.|org|--|//"),
        ("😂😂👍", "😂|😂|👍"),
        ("🇩🇪🇫🇷 1️⃣#️⃣ ↔️‼️", "🇩🇪|🇫🇷|1️⃣|#️⃣|↔️|‼️"),
        ("🏴\U000e0067\U000e0062\U000e007f!", "🏴\U000e0067\U000e0062\U000e007f|!"),
        ("^^😂 `´ ★", "^^|😂|`|´|★"),
        ("می\u200cخواهم col·legi צה״ל", "می\u200cخواهم|col·legi|צה״ל"),
        ("٣٫١٤ 1,000, x", "٣٫١٤|1,000|,|x"),
        ("!\u0308x 3.14\u0301x", "!\u0308|x|3.14\u0301|x"),
        ("\u200eשלום\u200f a\u200bb\x07", "שלום|a|b"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_text_is_cut_into_words(text: str, expected: str) -> None:
    assert words(text) == [part for part in expected.split("|") if part]


def test_text_that_is_cut_already_is_cut_at_spaces_alone() -> None:
    assert words(" = don't stop , U.S. @-@ <unk> = ", words="spaces") == [
        *("=", "don't", "stop", ",", "U.S.", "@-@", "<unk>", "=")
    ]


def test_case_is_folded_only_when_asked() -> None:
    assert words("The Cat", case="fold") == ["the", "cat"]
    assert words("The Cat") == ["The", "Cat"]


def test_folding_brings_composed_and_decomposed_letters_together() -> None:
    # H with a line below has no composed form, h with a line below has.
    tokenizer = learn("H\u0331aus", case="fold")
    assert tokenizer.id_of("\u1e96aus") == tokenizer.id_of("h\u0331aus") == 2


def test_the_vocabulary_is_ordered_by_count_then_word_and_begins_with_the_special_words() -> None:
    tokenizer = learn("b b a c a b d")
    assert tokenizer.words == ("<unk>", "<eos>", "b", "a", "c", "d")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=40), st.integers(2, 9))
def test_vocabulary_by_size_keeps_the_commonest_words(text: list[str], size: int) -> None:
    tokenizer = learn(" ".join(text), vocab_size=size)
    counts = Counter(text)
    expected = sorted(counts, key=lambda word: (-counts[word], word))[: size - 2]
    assert list(tokenizer.words[2:]) == expected


def test_vocabulary_by_count_leaves_rarer_words_unknown() -> None:
    tokenizer = learn("a a a b b c", min_count=2)
    assert tokenizer.words[2:] == ("a", "b")
    assert tokenizer.encode("a c b zebra") == [2, UNK_ID, 3, UNK_ID]


def test_unk_and_eos_written_in_raw_text_are_not_the_special_words() -> None:
    tokenizer = learn("< unk > < eos >")
    assert UNK_ID not in tokenizer.encode("<unk>")
    assert EOS_ID not in tokenizer.encode("<eos>")


def test_unk_in_pretokenised_text_is_the_special_word() -> None:
    tokenizer = learn("the <unk> cat", words="spaces")
    assert tokenizer.words == ("<unk>", "<eos>", "cat", "the")
    assert tokenizer.encode("the <unk> dog") == [3, UNK_ID, UNK_ID]


@pytest.mark.parametrize("text", ["한 x", "কো x", "ȩ́ x"])
def test_a_letter_written_in_parts_is_covered_whole(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    first, second = learn(text).split(decomposed)
    assert (first.start, first.end) == (0, len(decomposed) - 2)
    assert (second.start, second.end) == (len(decomposed) - 1, len(decomposed))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_vocabulary_too_small_for_any_word_holds_the_special_words(size: int) -> None:
    assert learn("a b c", vocab_size=size).words == ("<unk>", "<eos>")


@given(TEXTS, st.sampled_from(["unicode", "spaces"]), st.sampled_from(["keep", "fold"]))
def test_every_word_of_the_vocabulary_is_found_again(text: str, kind: str, case: str) -> None:
    tokenizer = learn(text, words=kind, case=case)
    for index, word in enumerate(tokenizer.words[2:], start=2):
        assert tokenizer.id_of(word) == index
        assert tokenizer.word_of(index) == word
        assert tokenizer.encode(word) == [index]


def test_a_vocabulary_of_one_word_and_of_none_work() -> None:
    assert learn("a a a").words[2:] == ("a",)
    assert learn("").vocab_size == 2
    assert learn("").encode("anything at all") == [UNK_ID] * 3


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.sampled_from(["keep", "fold"]))
def test_words_lie_where_their_offsets_say_in_order_without_overlap(text: str, case: str) -> None:
    tokenizer = learn(text, case=case)
    actual = tokenizer.split(text)
    end = 0
    for word in actual:
        assert end <= word.start < word.end <= len(text)
        assert tokenizer.normalise(text[word.start : word.end]) == word.text
        assert all(
            c.isspace() or unicodedata.category(c) in ("Cc", "Cf") for c in text[end : word.start]
        )
        end = word.end
    assert [word.id for word in actual] == tokenizer.encode(text)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_many_texts_at_once_give_the_ids_of_each(texts: list[str]) -> None:
    tokenizer = learn(*texts, min_count=2)
    assert [list(ids) for ids in tokenizer.encode_lines(texts)] == [
        tokenizer.encode(text) for text in texts
    ]


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["keep", "fold"]), st.sampled_from(["unicode", "spaces"]))
def test_json_brings_the_same_tokenizer_back(text: str, case: str, kind: str) -> None:
    tokenizer = learn(text, case=case, words=kind)
    again = Tokenizer.from_json(tokenizer.to_json(), tokenizer.config, path="tokenizer.json")
    assert again.words == tokenizer.words
    assert again.encode(text) == tokenizer.encode(text)


def test_the_file_is_one_that_the_tokenizers_library_reads_for_text_with_spaces() -> None:
    tokenizer = learn("I don’t know , Café !", case="fold")
    theirs = tokenizers.Tokenizer.from_str(tokenizer.to_json())
    text = "KNOW , don’t cafe\u0301 zebra"
    assert theirs.encode(text).ids == tokenizer.encode(text)
    assert "Regex" not in tokenizer.to_json()


def altered(**changes: object) -> str:
    document = json.loads(learn("a b c").to_json())
    document.update(changes)
    return json.dumps(document)


SPLIT = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no vocabulary"),
        ('{"model": {"vocab": []}}', "no vocabulary"),
        (altered(pre_tokenizer=SPLIT), "regular expression"),
        (altered(normalizer={"type": "Replace", "pattern": {"Regex": "x"}}), "regular expression"),
        (altered(model={"vocab": {"<unk>": 0, "<eos>": 2}}), "not 0 to 1"),
        (altered(model={"vocab": {"<unk>": 0, "<eos>": True}}), "not 0 to 1"),
        (altered(model={"vocab": {"<eos>": 0, "<unk>": 1}}), "<unk> has the id 1"),
        (altered(model={"vocab": {"<unk>": 0, "<eos>": 1, "\ud800": 2}}), "surrogate"),
        (altered(model={"vocab": {}}), "<unk> has the id None"),
        (altered(pre_tokenizer={"type": "ByteLevel"}), "pre_tokenizer differs"),
        (altered(surprise=1), "surprise differs"),
    ],
)
def test_foreign_tokenizer_files_are_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(FolderError, match=message) as caught:
        Tokenizer.from_json(text, TokenizerConfig(), path="model/tokenizer.json")
    assert "model/tokenizer.json" in str(caught.value)


def test_a_word_named_regex_is_a_word() -> None:
    tokenizer = learn("Regex is a word")
    assert Tokenizer.from_json(tokenizer.to_json(), tokenizer.config, path="x").id_of("Regex") > 1


@pytest.mark.parametrize("unit", ["a", "'", "1.", "a'", "😂", "\u0301", "!?", " "])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    tokenizer = learn("a")

    def seconds(repeats: int) -> float:
        """Of this thread on a processor: what else runs there does not count."""
        began = time.thread_time()
        tokenizer.encode(unit * repeats)
        return time.thread_time() - began

    seconds(1000)
    # Linear time gives 16 times as long; quadratic 256.
    assert seconds(320_000) < 80 * max(seconds(20_000), 0.002)


@pytest.mark.parametrize("unit", ["a", "1", "'", "a'", "1.", "\u0301", "👍\u200d", "\u200d"])
def test_a_text_of_megabytes_without_a_space_is_cut_into_words(unit: str) -> None:
    text = unit * (2_500_000 // len(unit.encode()))
    actual = learn("a").encode(text)
    # Marks of one kind are one word, however many; joiners alone are none.
    assert len(actual) <= 2


def test_text_is_normalised_to_composed_form() -> None:
    decomposed = unicodedata.normalize("NFD", "Ångström")
    tokenizer = learn("Ångström")
    assert tokenizer.id_of(decomposed) == 2


DASHES = ["On pages 3–5 it is well-known – so they say."] * 3


def test_an_en_dash_of_the_training_text_is_a_word_of_its_own() -> None:
    pieces = [Piece(line, ends_line=True) for line in DASHES]
    tokenizer = Tokenizer.learn(pieces, TokenizerConfig(), min_count=2)
    assert {"–", "-"} <= set(tokenizer.words)
    assert tokenizer.cut(DASHES[0])[2:9] == ["3", "–", "5", "it", "is", "well", "-"]
    assert tokenizer.spacing.style.short_dash == "-"
    back = Tokenizer.from_json(tokenizer.to_json(), tokenizer.config, path="tokenizer.json")
    assert back.encode(DASHES[0]) == tokenizer.encode(DASHES[0])


@pytest.mark.parametrize("rare", ["so – it is", "3–5"])
def test_where_the_training_text_has_none_it_is_read_as_a_hyphen(rare: str) -> None:
    lines = ["so - it is well-known - or not", "so - it is well-known - or not", rare]
    pieces = [Piece(line, ends_line=True) for line in lines]
    tokenizer = Tokenizer.learn(pieces, TokenizerConfig(), min_count=2)
    assert "–" not in tokenizer.words
    assert tokenizer.encode("–") == tokenizer.encode("-") != [0]
