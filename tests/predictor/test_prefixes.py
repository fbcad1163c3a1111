from hypothesis import given
from hypothesis import strategies as st

from foreword.predictor.prefixes import Prefixes

LETTERS = st.text(alphabet="abAßs\u0301\U0010ffff", max_size=4)


@given(words=st.lists(LETTERS, unique=True, max_size=12), prefix=LETTERS, hide=st.booleans())
def test_the_words_found_are_those_that_a_walk_through_all_finds(
    words: list[str], prefix: str, hide: bool
) -> None:
    hidden = {0} if hide else set()
    visible = [index for index in range(len(words)) if index not in hidden]
    exact = {index for index in visible if words[index].startswith(prefix)}
    folded = {i for i in visible if words[i].casefold().startswith(prefix.casefold())}

    found = Prefixes(words, hidden).ids(prefix).tolist()

    assert len(found) == len(set(found))
    assert set(found) == (exact or folded)
