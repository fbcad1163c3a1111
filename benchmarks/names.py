"""How often names that a translation model never saw are copied unchanged.

    python benchmarks/names.py DIR --source val.de [--before mit] [--show]

Fifty names of many languages and made-up ones are put into sentences of the file, each into one: in
turn in place of the first two words, and at the end, after the word of `--before`. A name is copied
if the translation has it once, as a whole word. For comparison, the same is measured with only the
model's sub-words, which spell every name.
"""

import argparse
import re
from dataclasses import replace
from pathlib import Path

from foreword.translator.translator import Translator

LIST = """
    Krzysztof Wojciechowski Nguyen Ouagadougou Mwangi Thandiwe Oluwaseun Chukwuemeka Bjarnason
    Guðrún Siobhan Caoimhe Llewellyn Aoife Xochitl Itzcoatl Tenzin Dorje Priyanka Venkatesh
    Lindqvist Kowalczyk Szczepan Hrvoje Mladen Zdravko Tarkvonen Belmorien Quendris Falthur Brannagh
    Rosalinde Tavener Okoro Steinbach Hannelore Reykjavik Antananarivo Bujumbura Tegucigalpa
    Ulaanbaatar Nuakchott Timbuktu Zwolle Gelsenkirchen Kyoto Vlissingen Saskatoon Wollongong
    Jennefer
"""
NAMES = LIST.split()


def main() -> None:
    """Print the fraction of the names that are copied."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--source", type=Path, required=True, help="sentences, one a line")
    parser.add_argument("--before", default="mit", help="the word before a name at the end")
    parser.add_argument("--show", action="store_true", help="print the translations too")
    chosen = parser.parse_args()
    sentences = with_names(chosen.source.read_text("utf-8").splitlines(), chosen.before)
    translator = Translator.load(chosen.folder)
    spelling = Translator(replace(translator.folder, spellings=None))
    for title, model in (("copied", translator), ("spelled by sub-words", spelling)):
        translations = [one.text for one in model.translate(sentences)]
        right = [
            len(re.findall(rf"(?<!\w){name}(?!\w)", translation)) == 1
            for name, translation in zip(NAMES, translations, strict=True)
        ]
        print(f"{title}: {sum(right)} of {len(NAMES)} names come out")
        for is_right, source, translation in zip(right, sentences, translations, strict=True):
            if chosen.show:
                print(f"  {'+' if is_right else '-'} {source}\n    {translation}")


def with_names(lines: list[str], before: str) -> list[str]:
    """Return a sentence for each name."""
    usable = [line for line in lines if line.endswith(".") and 6 <= len(line.split()) <= 20]
    spread = usable[:: max(1, len(usable) // len(NAMES))]
    return [
        f"{line[:-1]} {before} {name}." if k % 2 else f"{name} {' '.join(line.split()[2:])}"
        for k, (name, line) in enumerate(zip(NAMES, spread, strict=False))
    ]


if __name__ == "__main__":
    main()
