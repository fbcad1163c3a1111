"""Which settings are searched, and between which values. Knows no texts, models or searches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from foreword.errors import SettingsError, did_you_mean
from foreword.folder.architecture import DESCRIPTIONS
from foreword.training.catalogue import described
from foreword.training.defaults import TRANSLATION_RATE
from foreword.training.settings import Leaf, TrainingSettings, settings_from

FORM = "NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=A,B,C"
SEARCHED = ("model", "dropout", "penalty", "softmax", "bptt", "rate")
"""The groups of settings that may be searched. Under others perplexities do not compare: another
vocabulary counts other words, another budget is another contest."""
OF_TRANSLATION = (
    *("encoder_layers", "decoder_layers", "bidirectional", "reverse_source"),
    *("attention", "heads", "input_feeding", "label_smoothing", "subword_dropout"),
)
"""Settings of translation that may be searched; under others the pairs or sub-words differ."""
DIGITS = 4
"""That a number is rounded to before it is tried: so the recipe is what was tried."""


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; whole numbers where both are; `log`: by their ratio."""

    low: int | float
    high: int | float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low!r}..{self.high!r}{':log' if self.log else ''}"

    @property
    def ends(self) -> tuple[Leaf, ...]:
        """What must be allowed, so that all of it is."""
        return self.low, self.high

    def holds(self, value: object) -> bool:
        """Whether a value lies in it."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Leaf, ...]

    def __str__(self) -> str:
        return ",".join(str(v).lower() if isinstance(v, bool) else str(v) for v in self.values)

    @property
    def ends(self) -> tuple[Leaf, ...]:
        """What must be allowed, so that all of it is."""
        return self.values

    def holds(self, value: object) -> bool:
        """Whether a value is one of them."""
        return value in self.values


Space = dict[str, Range | Choice]
"""What is searched, by the settings' names."""


def space_of(texts: Iterable[str], base: TrainingSettings, *, translates: bool = False) -> Space:
    """What someone wants searched, as text.

    Args:
        texts: in the form `FORM`, such as `learning_rate=1e-3..3e-2:log`, `model=lstm,gru`.
        base: the settings that all share, with which every end of a range must go together.
        translates: whether translation models are tuned, whose own settings may be searched too.

    Raises:
        SettingsError: a text is not of that form, or names what cannot be searched or be so.
    """
    space: Space = {}
    for text in texts:
        name, given, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not given or not values.strip():
            raise SettingsError(f"{text!r} cannot be searched: write {FORM}")
        _refuse_others(name, translates=translates)
        space[name] = _range(name, values, text) if ".." in values else _choice(values)
        for end in space[name].ends:
            settings_from({name: end}, base)
    return space


def default_space(base: TrainingSettings, *, translates: bool = False) -> Space:
    """What is worth searching for an architecture where nobody says what, around its rate."""
    model, drop = base.model.model, base.dropout
    if model == "ngram":
        return {"ngram_order": Range(2, 7), "ngram_min_count": Range(1, 2)}
    usual = base.rate.learning_rate or DESCRIPTIONS[model].learning_rate
    if translates:
        usual = base.rate.learning_rate or min(usual, TRANSLATION_RATE)
    space: Space = {
        "learning_rate": Range(usual / 4, usual * 4, log=True),
        "weight_decay": Range(1e-3, 0.3, log=True),
    }
    if None in (drop.dropout_input, drop.dropout_hidden, drop.dropout_output):
        space["dropout"] = Range(0.0, 0.6)
    if not model.startswith("mlp"):
        space |= {"clip": Range(0.1, 2.0, log=True), "dropout_recurrent": Range(0.0, 0.5)}
    return space


def as_texts(space: Mapping[str, Range | Choice]) -> list[str]:
    """What `space_of` reads back."""
    return [f"{name}={values}" for name, values in space.items()]


def rounded(value: Leaf) -> Leaf:
    """A number with `DIGITS` digits.

    >>> rounded(0.0123456), rounded(200)
    (0.01235, 200)
    """
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _refuse_others(name: str, *, translates: bool) -> None:
    known = described()
    searched = [leaf for leaf, setting in known.items() if setting.group in SEARCHED]
    searched += OF_TRANSLATION if translates else ()
    if name in searched:
        return
    listed = f"What can be searched: {', '.join(searched)}"
    if name in known:
        raise SettingsError(
            f"{name} cannot be searched, since the perplexities would not be comparable. Set it "
            f"for all trials. {listed}"
        )
    raise SettingsError(f"there is no setting {name!r}.{did_you_mean(name, searched)} {listed}")


def _range(name: str, values: str, text: str) -> Range:
    ends, _, scale = values.partition(":")
    low_text, _, high_text = ends.partition("..")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError as error:
        raise SettingsError(f"{text!r} needs two numbers: write {FORM}") from error
    if scale not in ("", "log"):
        raise SettingsError(f"{text!r}: only :log may follow a range, not :{scale}")
    if not low < high or (scale == "log" and low <= 0):
        raise SettingsError(
            f"{text!r}: the first number must be smaller than the second"
            + (", and above 0 for :log" if scale else "")
        )
    if described()[name].type is int:
        if not (low.is_integer() and high.is_integer()):
            raise SettingsError(f"{text!r}: {name} is a whole number")
        return Range(int(low), int(high), scale == "log")
    return Range(low, high, scale == "log")


def _choice(values: str) -> Choice:
    return Choice(tuple(_leaf(value.strip()) for value in values.split(",")))


def _leaf(text: str) -> Leaf:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
