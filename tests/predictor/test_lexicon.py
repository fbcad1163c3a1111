from hypothesis import given
from hypothesis import strategies as st

from foreword.predictor.lexicon import Lexicon
from foreword.predictor.slips import QWERTY, one_edit

LETTERS = st.text(alphabet="abAßs\u0301\ud7ff\U0010ffff", max_size=4)
FEW = st.text(alphabet="abc", min_size=1, max_size=5)


def fold(word: str) -> str:
    """In lower case letter by letter; ß stays, which is another letter than ss."""
    return "".join(c if c == "ß" else "ß" if c == "ẞ" else c.casefold() for c in word)


@given(words=st.lists(LETTERS, unique=True, max_size=12), prefix=LETTERS, hidden=st.integers(0, 2))
def test_a_range_holds_the_words_that_a_walk_through_all_finds(
    words: list[str], prefix: str, hidden: int
) -> None:
    lexicon = Lexicon(words, hidden=hidden)
    low, high = lexicon.range(fold(prefix))
    expected = {i for i in range(hidden, len(words)) if fold(words[i]).startswith(fold(prefix))}
    assert set(lexicon.ids[low:high].tolist()) == expected


@given(words=st.lists(LETTERS, unique=True, max_size=12), prefix=LETTERS, hidden=st.integers(0, 2))
def test_words_that_begin_in_this_case_go_before_those_in_any(
    words: list[str], prefix: str, hidden: int
) -> None:
    visible = range(hidden, len(words))
    exact = {index for index in visible if words[index].startswith(prefix)}
    folded = {i for i in visible if fold(words[i]).startswith(fold(prefix))}

    actual = Lexicon(words, hidden=hidden).beginning(prefix).tolist()

    assert len(actual) == len(set(actual))
    assert set(actual) == (exact or folded) or not folded


@given(words=st.lists(LETTERS, unique=True, max_size=12))
def test_forms_are_the_words_that_fold_alike_the_commonest_first(words: list[str]) -> None:
    lexicon = Lexicon(words, hidden=0)
    for word in words:
        same = [i for i, other in enumerate(words) if fold(other) == fold(word)]
        assert lexicon.forms(fold(word)) == same


def edits(typed: str, alphabet: str) -> set[str]:
    """All that one edit makes of some letters (Damerau 1964)."""
    cuts = [(typed[:i], typed[i:]) for i in range(len(typed) + 1)]
    missing = {a + c + b for a, b in cuts for c in alphabet}
    replaced = {a + c + b[1:] for a, b in cuts if b for c in alphabet}
    extra = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return (missing | replaced | extra | swapped) - {typed}


@given(words=st.lists(FEW, unique=True, max_size=30), typed=FEW)
def test_slips_lead_to_the_words_that_one_edit_of_the_letters_begins(
    words: list[str], typed: str
) -> None:
    lexicon = Lexicon(words, hidden=0)
    actual = {
        word
        for near in one_edit(lexicon, typed, QWERTY)
        for word in lexicon.sorted_folds[near.low : near.high]
    }
    first_too = len(typed) >= 3
    begin_so = {
        word
        for word in words
        for edit in edits(typed, "abc")
        if word.startswith(edit)
        # A letter after the last is no slip, and one too much at the end leaves the whole word.
        and not edit.startswith(typed)
        and (edit != typed[:-1] or word == edit)
    }
    if len(typed) < 2:
        assert actual == set()
    elif first_too:
        assert actual - {w for w in words if w.startswith(typed)} == begin_so - {
            w for w in words if w.startswith(typed)
        }
    else:
        assert actual <= begin_so | {w for w in words if w.startswith(typed)}
