"""Draw how often translations were right, by their confidence. Needs matplotlib."""

from pathlib import Path

from foreword.errors import MissingExtraError, SettingsError
from foreword.folder.config import Reliability
from foreword.visible import shown

FORMS = (".png", ".svg", ".pdf")


def plot_reliability(reliability: Reliability, path: Path, text: str) -> None:
    """Write a picture of two panels: words and sentences.

    Args:
        reliability: the measurements.
        path: the file; its ending decides its format.
        text: the name of the pairs.

    Raises:
        MissingExtraError: matplotlib is not installed.
        SettingsError: the ending is none of `FORMS`, or the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("plotting", "plot") from error
    if path.suffix.lower() not in FORMS:
        raise SettingsError(f"{path}: the name of a picture must end in {', '.join(FORMS)}")
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = (
        ("words", reliability.words, reliability.word_error),
        ("sentences", reliability.sentences, reliability.sentence_error),
    )
    for axes, (name, bins, distance) in zip(
        figure.subplots(1, 2, sharey=True), panels, strict=True
    ):
        most = max(group.count for group in bins)
        width = 0.1
        axes.bar(
            [(min(int(group.confidence * 10), 9) + 0.5) / 10 for group in bins],
            [0.25 * group.count / most for group in bins],
            width=width,
            color="#d9e2ec",
            label=f"share of the {name}",
        )
        axes.plot([0, 1], [0, 1], color="#9aa5b1", linewidth=1, label="calibrated")
        axes.plot(
            [group.confidence for group in bins],
            [group.right for group in bins],
            "o-",
            color="#0b69a3",
            label="measured",
        )
        axes.set_title(f"{name}: expected calibration error {distance:.1%}", fontsize=10)
        axes.set_xlabel("confidence")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.axes[0].set_ylabel("share of words that the reference has")
    figure.suptitle(f"Confidence of translations of {shown(text)}", fontsize=11).set_parse_math(
        False
    )
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
