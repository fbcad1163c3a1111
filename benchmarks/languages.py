"""Keystroke savings of the package that `foreword pack` makes from a text, presage and trigrams.

    python benchmarks/languages.py TEXT LANGUAGE [--minutes 10] [--messages 500] [--set NAME=VALUE]
    python benchmarks/languages.py TEXT LANGUAGE --package DIR [--messages 500]

The second form takes the package that `foreword pack` has made from the same text. The text is
divided as by `foreword pack`, and the same simulated typist types lines of the part that is held
out for measuring with each of them. The peers are also trained on the part that chooses the model's
weights. Presage comes from Debian's packages presage and libpresage1v5.
"""

import argparse
import random
import tempfile
from pathlib import Path

import foreword
import ngrams
from foreword.cli.watch import Watch
from foreword.evaluation.keystrokes import SimulatedTypist, Suggests
from foreword.evaluation.suggester import Suggester
from foreword.packaging.parts import part
from foreword.text.sources import read_sources
from foreword.training.catalogue import read_setting
from keystrokes import DATABASE, TRIGRAM_WORDS, by_turns, folder_size, presage_of, show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("language", help="its BCP 47 tag")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--package", type=Path, help="package of this text. Default: make one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        work = Path(folder)
        parts = part(read_sources([chosen.text]), work, "text")
        known = [
            line
            for path in (parts.train, parts.valid)
            for line in path.read_text("utf-8").splitlines()
        ]
        lines = parts.test.read_text("utf-8").splitlines()
        messages = random.Random(1).sample(lines, min(chosen.messages, len(lines)))
        model = model_in(chosen.package or packed_from(chosen, work / "package", watch))
        trigrams = ngrams.Ngrams(known, TRIGRAM_WORDS)
        predictors: dict[str, Suggests] = {
            "foreword": Suggester(foreword.load(model)),
            "presage": presage_of(known, work / "presage", work / "learned"),
            "trigrams": trigrams,
        }
        sizes = {
            "foreword": folder_size(model),
            "presage": (work / "presage" / DATABASE).stat().st_size / 1e6,
            "trigrams": trigrams.size / 1e6,
        }
        show(by_turns(predictors, messages, SimulatedTypist()), sizes)


def packed_from(chosen: argparse.Namespace, out: Path, watch: Watch) -> Path:
    """Make a package of the text, print its figures, and return its folder."""
    packed = foreword.pack(
        chosen.text,
        name=f"measured-{chosen.language.lower()}",
        licence="LicenseRef-Measured",
        out=out,
        report=watch,
        minutes=chosen.minutes,
        language=chosen.language,
        **dict(map(read_setting, chosen.set)),
    )
    assert packed.figures is not None
    print(f"{packed.about.language_name}: {packed.figures.words:,} words trained on")
    for name, value in packed.figures.rows().items():
        print(f"{name}: {value}")
    return packed.folder


def model_in(package: Path) -> Path:
    """Return the model folder of a package."""
    (model,) = package.glob("src/*/model")
    return model


if __name__ == "__main__":
    main()
