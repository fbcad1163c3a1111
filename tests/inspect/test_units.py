"""Units by how long they hold, from layers whose answers can be computed by hand."""

from itertools import pairwise

import numpy as np
import pytest

from foreword.cells.registry import cell_for
from foreword.inspect import LayerArrays, longest_holds, orders, ranked, telling, time_constants

WORDS = ("a", "b", "a", "c")
LSTM = cell_for("lstm")


def lstm_layer(keep: list[float], take: float = 0.0) -> LayerArrays:
    """Units that keep a constant share of c, which begins at 1."""
    f = np.tile(np.array(keep, dtype=np.float32), (len(WORDS), 1))
    c = np.cumprod(f, axis=0)
    i, g = np.full_like(f, take), np.ones_like(f)
    return LayerArrays(
        0, {"i": i, "f": f, "g": g, "o": np.ones_like(f)}, {"h": np.tanh(c), "c": c}, LSTM
    )


def test_a_charge_has_fallen_to_1_over_e_after_the_time_constant() -> None:
    layer = lstm_layer([0.5, 0.9, 0.99])
    for keep, constant in zip([0.5, 0.9, 0.99], time_constants(layer), strict=True):
        assert keep**constant == pytest.approx(np.exp(-1), rel=1e-5)


def test_units_are_ranked_by_how_long_they_hold() -> None:
    assert [unit.unit for unit in ranked(lstm_layer([0.5, 0.99, 0.9]), WORDS)] == [1, 2, 0]


def test_words_that_open_and_close_are_those_with_the_largest_and_smallest_means() -> None:
    layer = lstm_layer([0.9])
    layer.gates["i"][:, 0] = [0.2, 0.9, 0.4, 0.1]
    layer.gates["g"][:, 0] = [1.0, -1.0, 1.0, 1.0]
    layer.gates["f"][:, 0] = [0.9, 0.8, 0.7, 0.1]
    unit = ranked(layer, WORDS)[0]
    assert [(word, round(value, 6)) for word, value in unit.opens] == [
        ("b", 0.9),
        ("a", 0.3),
        ("c", 0.1),
    ]
    assert unit.closes[0] == ("c", pytest.approx(0.1))
    assert dict(unit.closes) == pytest.approx({"a": 0.8, "b": 0.8, "c": 0.1})


def test_a_coupled_unit_takes_what_it_does_not_keep() -> None:
    f = np.array([[0.9], [0.2], [0.9], [0.9]], dtype=np.float32)
    ones = np.ones_like(f)
    layer = LayerArrays(
        0, {"f": f, "g": ones, "o": ones}, {"h": ones, "c": f}, cell_for("lstm-coupled")
    )
    unit = ranked(layer, WORDS)[0]
    assert unit.opens[0] == ("b", pytest.approx(0.8))
    assert unit.closes[0] == ("b", pytest.approx(0.2))


def test_a_gru_keeps_by_its_update_gate() -> None:
    z = np.full((4, 1), 0.75, dtype=np.float32)
    layer = LayerArrays(0, {"r": z, "z": z, "n": z}, {"h": z}, cell_for("gru"))
    assert time_constants(layer)[0] == pytest.approx(-1 / np.log(0.75), rel=1e-5)


def test_an_elman_unit_is_judged_by_its_correlation_with_itself() -> None:
    rng = np.random.default_rng(0)
    slow = [0.0]
    for noise in rng.standard_normal(5000):
        slow.append(0.9 * slow[-1] + noise)
    h = np.stack([np.array(slow), rng.standard_normal(5001), np.zeros(5001)], axis=1)
    layer = LayerArrays(0, {}, {"h": h.astype(np.float32)})
    units = ranked(layer, ["w"] * 5001)
    assert units[0].unit == 0
    assert units[0].time_constant == pytest.approx(-1 / np.log(0.9), rel=0.1)
    assert units[-1].unit == 2 or units[-1].time_constant is None
    assert units[0].opens == ()


def test_every_order_is_one_of_all_units_and_likes_stand_together() -> None:
    rng = np.random.default_rng(1)
    first, other = rng.standard_normal((2, 30, 1))
    noise = 0.05 * rng.standard_normal((30, 6))
    memory = np.concatenate([first, other, first, other, first, other], axis=1) + noise
    layer = lstm_layer([0.9] * 6)
    layer = LayerArrays(0, layer.gates, {"h": memory, "c": memory}, LSTM)
    actual = orders(layer)
    assert all(sorted(order) == list(range(6)) for order in actual.values())
    kinds = [unit % 2 for unit in actual["similarity"]]
    changes = sum(a != b for a, b in pairwise(kinds))
    assert changes <= 2  # the angle goes round: one kind may stand at both ends


def test_the_telling_unit_charges_holds_and_discharges() -> None:
    """Three units over twelve words: one only counts, one leaks at once, one is a capacitor."""
    T = 12
    f = np.ones((T, 3), dtype=np.float32)
    i = np.zeros((T, 3), dtype=np.float32)
    i[:, 0] = 1.0  # counts
    f[:, 1], i[:, 1] = 0.05, 1.0  # leaks
    i[[0, 6], 2], f[[5, 11], 2] = 1.0, 0.0  # charges at 0 and 6, discharges at 5 and 11
    c, row = np.zeros((T, 3), dtype=np.float32), np.zeros(3, dtype=np.float32)
    for t in range(T):
        row = f[t] * row + i[t]
        c[t] = row
    gates = {"i": i, "f": f, "g": np.ones_like(f), "o": np.ones_like(f)}
    assert telling(LayerArrays(0, gates, {"h": np.tanh(c), "c": c}, LSTM)) == 2


def test_a_unit_that_lets_go_now_and_then_is_told_by_its_longest_hold() -> None:
    """It keeps 0.98 a word and loses all at each thirtieth; between, more than 1/e stays."""
    T = 90
    f = np.full((T, 2), 0.98, dtype=np.float32)
    f[::30, 0] = 1e-6
    f[:, 1] = 0.8
    i = np.where(f < 0.5, 1.0, 0.02).astype(np.float32)
    i[0] = 1.0
    c, row = np.zeros((T, 2), dtype=np.float32), np.zeros(2, dtype=np.float32)
    for t in range(T):
        row = f[t] * row + i[t]
        c[t] = row
    gates = {"i": i, "f": f, "g": np.ones_like(f), "o": np.ones_like(f)}
    layer = LayerArrays(0, gates, {"h": np.tanh(c), "c": c}, LSTM)
    # 0.98^29 = 0.56, so the discharge ends it; of the other 0.8^4 = 0.41, 0.8^5 = 0.33.
    assert longest_holds(layer) is not None
    assert list(longest_holds(layer)) == [29, 4]
    assert time_constants(layer)[0] < 3
    assert telling(layer) == 0
    assert [unit.longest_hold for unit in ranked(layer, ["w"] * T)] == [4, 29]


def test_the_longest_hold_is_of_a_charge_not_of_emptiness() -> None:
    """Nothing is held before the first charge, however near 1 the forget gate is."""
    f = np.ones((40, 1), dtype=np.float32)
    c = np.zeros((40, 1), dtype=np.float32)
    c[30:] = 1.0
    layer = LayerArrays(0, {"i": 1 - f, "f": f, "g": f, "o": f}, {"h": c, "c": c}, LSTM)
    assert list(longest_holds(layer)) == [9]


def test_without_a_gate_that_keeps_there_is_no_longest_hold() -> None:
    h = np.ones((5, 1), dtype=np.float32)
    layer = LayerArrays(0, {}, {"h": h})
    assert longest_holds(layer) is None
    assert ranked(layer, ["w"] * 5)[0].longest_hold is None


def test_where_nothing_discharges_the_longest_holding_unit_is_shown() -> None:
    assert telling(lstm_layer([0.5, 0.99, 0.9])) == 1
    h = np.cumsum(np.random.default_rng(0).standard_normal((50, 2)), axis=0)
    h[:, 1] = np.random.default_rng(1).standard_normal(50)
    assert telling(LayerArrays(0, {}, {"h": h})) == 0
