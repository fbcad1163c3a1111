"""Continue a translation model on new pairs, such as a translator's corrections. No loop.

The architecture and the sub-words are those of the model. Each pass reads all new pairs, and old
ones that are sampled again, so that the model does not forget what it has learned (rehearsal;
Robins 1995). The old pairs are those that the model's folder remembers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import SettingsError, TrainingError
from foreword.folder.installed import find_folder
from foreword.folder.quantised import dense
from foreword.folder.translation_store import TranslationFolder, read_translation
from foreword.text.pair_batches import Ids
from foreword.text.pairs.carried import CARRIED
from foreword.training.keeping import remembered
from foreword.training.progress import Note, Reporter
from foreword.training.settings import DropoutSettings, TranslationSettings

PASSES = 8.0
"""The number of passes over the new pairs if no limit is set."""
RATE = 0.0005
"""The peak learning rate if none is set."""
PARTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
"""The shares of the change of the weights that are tried at the end, and the first good one kept
(Wortsman et al. 2022)."""
FORGOTTEN = 1.01
"""The factor by which the perplexity of the old pairs may rise."""
_CARRIED = (
    *TranslationSettings.model_fields,
    *DropoutSettings.model_fields,
    "batch_size",
    "window",
)
"""Settings that are taken from the run that made the model, unless they are set."""


@dataclass(frozen=True)
class Base:
    """The model that is continued.

    Attributes:
        folder: its content.
        old: the paths of the pairs that it was trained on; empty if they are not known.
        valid: the paths of those that it was validated on.
    """

    folder: TranslationFolder
    old: Sequence[Any]
    valid: Sequence[Any]

    @classmethod
    def read(cls, path: Any, old: Sequence[Any], valid: Sequence[Any], report: Reporter) -> "Base":
        """Read a model that is to be continued, and the paths of its pairs.

        Args:
            path: its folder or name.
            old: the paths of its pairs; empty for those that its folder remembers.
            valid: the same for the pairs to validate on.
            report: called with a sentence if its pairs are not known.

        Raises:
            FolderError: there is no translation model.
        """
        home = find_folder(path)
        folder = read_translation(home)
        if old:
            return cls(folder, old, valid)
        try:
            texts, of_run, before = remembered(home, (), valid)
        except TrainingError:
            texts, of_run, before = (), valid, ()
        names = {*map(str, (*texts, *of_run))} - CARRIED.keys()
        missing = sorted(name for name in names if not Path(name).exists())
        if texts and not missing:
            return cls(folder, (*texts, *before), of_run)
        why = f"{missing[0]} is missing" if missing else "it does not say where they are"
        report(
            Note(
                f"the pairs that {path} was trained on are not read, since {why}: it may forget "
                "some of what it has learned. Name them with --old-pairs"
            )
        )
        return cls(folder, (), valid)

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights to begin from, in float32."""
        return dense(self.folder.weights)

    def leaves(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings to continue with, by name.

        Args:
            given: settings that the user has set; None leaves one open.

        Raises:
            SettingsError: one of them would change the architecture or the sub-words.
        """
        model = self.folder.model
        fixed: dict[str, Any] = {
            "model": model.cell,
            "subwords": self.folder.subwords.size,
            **{
                name: getattr(model, name)
                for name in (
                    *("embedding_size", "hidden_size", "encoder_layers", "decoder_layers"),
                    *("bidirectional", "reverse_source", "attention", "heads", "input_feeding"),
                )
            },
            **model.cell_options,
        }
        for side in ("source", "target"):
            if told := getattr(self.folder, f"{side}_language"):
                fixed[f"{side}_language"] = told
        chosen = {name: value for name, value in given.items() if value is not None}
        for name, value in chosen.items():
            if name in fixed and fixed[name] != value:
                raise SettingsError(
                    f"{name} is {fixed[name]!r} in the model to continue and cannot become "
                    f"{value!r}. Leave it out, or train anew."
                )
        record = self.folder.config.training
        before = {} if record is None else record.settings
        carried = {name: before[name] for name in _CARRIED if before.get(name) is not None}
        ends = {} if {"minutes", "epochs", "steps"} & chosen.keys() else {"epochs": PASSES}
        return {"learning_rate": RATE, **carried, **ends, **chosen, **fixed}


def between(
    old: Mapping[str, np.ndarray], new: Mapping[str, np.ndarray], part: float
) -> dict[str, np.ndarray]:
    """Return weights interpolated between the old ones (0) and the new ones (1)."""
    return {name: old[name] + np.float32(part) * (new[name] - old[name]) for name in new}


def with_old(
    new: Callable[[int], tuple[Ids, Ids]],
    old: Callable[[np.ndarray, int], tuple[Ids, Ids]],
    number_new: int,
    number_old: int,
    share: float,
    seed: int,
) -> Callable[[int], tuple[Ids, Ids]]:
    """Return the function that draws all new pairs and some old ones in each pass.

    At most half of the old ones are drawn, so that a new one is read twice as often at least.

    Args:
        new: draws the sub-words of all new pairs in a pass, by its number.
        old: returns those of some old pairs, by their numbers and the number of the pass.
        number_new: how many pairs are new.
        number_old: how many are old.
        share: the fraction of new pairs in a pass.
        seed: chooses the old pairs, together with the number of the pass.
    """
    wanted = min(round(number_new * (1 - share) / share), number_old // 2)

    def draw(number: int) -> tuple[Ids, Ids]:
        random = np.random.default_rng([seed, number])
        chosen = np.sort(random.choice(number_old, wanted, replace=False))
        both = zip(new(number), old(chosen, number), strict=True)
        sources, targets = (
            Ids(
                np.concatenate([some.ids, more.ids]),
                np.concatenate([some.offsets, some.offsets[-1] + more.offsets[1:]]),
            )
            for some, more in both
        )
        return sources, targets

    return draw
