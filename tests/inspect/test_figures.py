from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from foreword.inspect import figures
from foreword.inspect.figures import draw

ODD = ["<eos>", "$5", "a_b$", "<b>&", "日本", "well", "then", "again", "so"]


@pytest.fixture(scope="module")
def drawn(document: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(document(words=ODD, hidden_size=8), tmp_path_factory.mktemp("figures") / "new")


def test_every_section_is_drawn_as_png_and_svg(drawn: list[Path]) -> None:
    names = ["words", "gates", "unit", "gradients", "jacobians", "attributions", "contrast-1"]
    assert [p.name for p in drawn] == [f"{n}.{kind}" for n in names for kind in ("png", "svg")]


def test_every_png_has_something_on_it(drawn: list[Path]) -> None:
    for path in drawn:
        if path.suffix == ".png":
            pixels = matplotlib.image.imread(path)[:, :, :3]
            inked = (pixels.min(axis=2) < 0.9).mean()
            assert inked > 0.003, path.name
            colours = (pixels * 255).round().astype(int) @ (1, 256, 65536)
            assert len(np.unique(colours)) > 20, path.name


def test_words_stay_words_in_every_svg(drawn: list[Path]) -> None:
    shown = {}
    for path in drawn:
        if path.suffix == ".svg":
            tree = ElementTree.parse(path)
            shown[path.stem] = {"".join(e.itertext()) for e in tree.iter() if "text" in e.tag}
    assert set(ODD) <= shown["words"]
    assert set(ODD) <= shown["gates"]
    assert set(ODD) <= shown["unit"]


def test_layers_get_a_figure_each(document: Callable[..., Any], tmp_path: Path) -> None:
    names = {p.stem for p in draw(document("rnn", words=["<eos>", "a"], layers=2), tmp_path)}
    assert names == {"words", "gates-layer1", "gates-layer2"}


def test_a_network_without_memory_has_the_figures_that_it_can_have(
    document: Callable[..., Any], tmp_path: Path
) -> None:
    names = {p.stem for p in draw(document("mlp-window", words=ODD, hidden_size=4), tmp_path)}
    assert names == {"words", "gates", "attributions"}


def test_one_word_can_be_drawn(document: Callable[..., Any], tmp_path: Path) -> None:
    names = {p.stem for p in draw(document(words=["<eos>"], hidden_size=4), tmp_path)}
    assert names == {"words", "gates", "unit"}


def test_the_unit_s_curve_is_its_memory(
    document: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    made = document()
    layer = made["layers"][0]
    best = next(r for r in layer["ranking"] if r["position"] == layer["telling"])
    memory = values_of(layer["states"][0], len(made["words"]))[:, best["position"]]
    curves = [p.get_data().values for p in figures.unit(made, layer).axes[0].patches]
    np.testing.assert_allclose(curves[2], memory)
    np.testing.assert_allclose(curves[0], np.maximum(memory, 0))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("lstm", ["f keeps", "i charges", "o shows"]),
        ("lstm-coupled", ["f keeps", "1 − f charges", "o shows"]),
        ("gru", ["z keeps", "1 − z charges", "r looks back"]),
    ],
)
def test_the_unit_s_gates_stand_under_its_curve(
    document: Callable[..., Any], cell: str, names: list[str]
) -> None:
    made = document(cell)
    assert [a.get_ylabel() for a in figures.unit(made, made["layers"][0]).axes[1:]] == names


def test_a_map_has_words_across_and_the_longest_holding_unit_on_top(
    document: Callable[..., Any], values_of: Callable[..., np.ndarray]
) -> None:
    made = document()
    layer = made["layers"][0]
    image = figures.gates(made, layer).axes[1].images[0].get_array()
    forget = values_of(layer["gates"][1], len(made["words"]))
    np.testing.assert_allclose(image[0], forget[:, layer["orders"]["holding time"][0]])
    assert image.shape == forget.T.shape


def test_gradient_curves_are_the_document_s_relative_to_distance_0(
    document: Callable[..., Any],
) -> None:
    made = document()
    lines = figures.gradients(made).axes[0].lines
    (own,) = [line for line in lines if str(line.get_label()).startswith("this model")][1:]
    norms = np.array(made["gradients"]["curves"][0]["norms"]["c"])
    np.testing.assert_allclose(own.get_ydata(), norms / norms[0])


def test_attribution_bars_are_what_words_earned_and_cost(document: Callable[..., Any]) -> None:
    made = document()
    one = made["attributions"][0]
    made["attributions"] = [one]
    bars = [bar.get_height() for bar in figures.attributions(made).axes[0].patches]
    np.testing.assert_allclose(bars, [*one["integrated"], *one["erased"]])


def test_erasure_alone_is_drawn_where_integrated_gradients_are_missing(
    document: Callable[..., Any],
) -> None:
    made = document()
    one = made["attributions"][0] | {"integrated": None, "sum": None, "agreement": None}
    made["attributions"] = [one]
    bars = [bar.get_height() for bar in figures.attributions(made).axes[0].patches]
    np.testing.assert_allclose(bars, one["erased"])


def test_a_contrast_of_a_long_text_is_drawn_around_the_change(
    document: Callable[..., Any],
) -> None:
    made = document(words=[f"w{k}" for k in range(200)], hidden_size=4)
    one = made["contrasts"][0]
    top, lower, *_ = figures.contrasts(made, one).axes
    bars = [bar.get_height() for bar in top.patches]
    names = [label.get_text() for label in lower.get_xticklabels()]
    # Word 12 is dropped: 8 pairs before it, then those from word 13 on.
    assert names == [f"w{k}" for k in (*range(4, 12), *range(13, 65))]
    np.testing.assert_allclose(bars, one["divergence"][4:64])
    assert lower.images[0].get_array().shape == (4, 60)


def test_the_same_document_gives_the_same_bytes(
    document: Callable[..., Any], tmp_path: Path
) -> None:
    made = document("rnn", words=["<eos>", "a", "b"], hidden_size=3)
    first = [p.read_bytes() for p in draw(made, tmp_path / "first")]
    again = [p.read_bytes() for p in draw(made, tmp_path / "again")]
    assert first == again


def test_of_a_long_text_the_first_words_are_written_out(document: Callable[..., Any]) -> None:
    made = document(words=["<eos>", *(f"w{k}" for k in range(300))], hidden_size=4)
    figure = figures.words(made)
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert {"w0", "w118"} <= shown
    assert "w119" not in shown
    assert "(the first 120 words)" in figure.get_suptitle()
