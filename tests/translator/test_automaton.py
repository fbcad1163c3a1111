"""The automaton of a translation's demands allows what the demands themselves allow."""

import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foreword.translator.automaton import Automaton
from foreword.translator.demands import Demands, Pieces, Prefix

PIECES = Pieces(
    (b"", b"<s>", b"</s>", b" a", b"b", b" b", b" ab", b"", b"", b".", b" ", b"-", b"c")
)
START, END, FIRST_SLOT, SECOND_SLOT = 1, 2, 7, 8
NEVER = (0, FIRST_SLOT, SECOND_SLOT)
words = st.integers(3, 12)
terms = st.lists(st.integers(3, 6), min_size=1, max_size=3).map(tuple)
prefixes = st.builds(
    Prefix,
    st.lists(words, max_size=2).map(tuple),
    st.sampled_from([b"", b" a", b" ab", b" b b"]),
)


@st.composite
def demands(draw: st.DrawFn) -> Demands:
    once = draw(st.sampled_from([(), (FIRST_SLOT,), (FIRST_SLOT, SECOND_SLOT)]))
    some = st.lists(st.sampled_from(once or (0,)), unique=True).map(sorted).map(tuple)
    return Demands(
        pieces=PIECES,
        end=END,
        prefix=draw(st.none() | prefixes),
        required=tuple(draw(st.lists(terms, max_size=3, unique=True))),
        once=once,
        ordered=draw(some) if once else (),
        after_gap=draw(some) if once else (),
        before_gap=draw(some) if once else (),
    )


@given(demands(), st.lists(st.lists(words, max_size=9), min_size=1, max_size=4))
def test_a_state_has_the_rules_of_all_that_lead_to_it(
    demanded: Demands, texts: list[list[int]]
) -> None:
    automaton = Automaton(demanded, START, NEVER)
    for text in texts:
        state = 0
        for length in range(len(text) + 1):
            ids = tuple(text[:length])
            rules = automaton.rules(state)
            for remaining in (2, 5, 9, sys.maxsize):
                scores = np.zeros(len(PIECES.bytes), np.float32)
                scores[[k for k in (START, *NEVER) if k not in demanded.once]] = -np.inf
                scores[END] = 0 if ids else -np.inf
                demanded.limit(scores, ids, remaining)
                allowed = rules.allowed.copy()
                if 0 < remaining - 1 <= rules.needed:
                    allowed[[k for k in range(len(allowed)) if k not in rules.next]] = False
                np.testing.assert_array_equal(allowed, scores == 0)
            assert rules.next == demanded.next(ids).tolist()
            assert rules.held == demanded.held(ids)
            assert rules.are_met == demanded.are_met(ids)
            if length < len(text):
                state = automaton.after(state, text[length])
