import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foreword.folder.quantised import dense, quantise

FLOATS = st.floats(-(2.0**99), 2.0**99, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=FLOATS))
def test_each_number_comes_back_within_half_a_step_of_its_row(matrix: np.ndarray) -> None:
    actual = quantise({"embedding.weight": matrix})

    steps = np.abs(matrix).max(axis=1, keepdims=True) / 127
    assert actual["embedding.weight"].dtype == np.int8
    assert actual["embedding.weight_scale"].shape == (len(matrix),)
    back = dense(actual)
    assert list(back) == ["embedding.weight"]
    assert (np.abs(back["embedding.weight"] - matrix) <= 0.5001 * steps + 1e-37).all()


def test_vectors_and_peepholes_stay_as_they_are() -> None:
    weights = {
        "decoder.bias": np.ones(3, dtype=np.float32),
        "recurrent.weight_peephole_l0": np.ones((3, 2), dtype=np.float32),
    }
    assert quantise(weights) == weights
    assert dense(weights) == weights


def test_a_row_of_zeros_stays_zeros() -> None:
    actual = dense(quantise({"m": np.zeros((2, 3), dtype=np.float32)}))
    assert not actual["m"].any()
