"""How likely a clitic is before a word that the vocabulary lacks with it, by a held-out text.

    python benchmarks/clitics.py MODEL TEXT [--lines 1000]

Types each word of the text that has a clitic of the vocabulary (l'homme), letter by letter after
the apostrophe, and counts how often it is among three suggestions, for several weights of
`foreword.predictor.candidates.CLITIC`.
"""

import argparse
from pathlib import Path

import foreword
from foreword.predictor import candidates
from foreword.predictor.predictor import Predictor

WEIGHTS = (1e-4, 1e-3, 0.01, 0.1, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("text", type=Path)
    parser.add_argument("--lines", type=int, default=1000)
    arguments = parser.parse_args()
    model = foreword.load(arguments.model)
    lines = arguments.text.read_text("utf-8").splitlines()[: arguments.lines]
    places = [occurrence for line in lines for occurrence in clitics_of(model, line)]
    lexicon = model.lexicon
    known = [lexicon.id_of(model.tokenizer.normalise(word)) is not None for _, word in places]
    print(f"{len(places)} words with a clitic, {sum(known)} of them in the vocabulary as such")
    for weight in WEIGHTS:
        candidates.CLITIC = weight
        hits = {True: [0, 0], False: [0, 0]}
        for (before, word), is_known in zip(places, known, strict=True):
            first = word.replace("’", "'").index("'") + 2
            typist = model.typist()
            for end in range(first, len(word)):
                suggestions = typist.suggest(before + word[:end], 3, complete=True)
                hits[is_known][0] += word.casefold() in [one.word.casefold() for one in suggestions]
                hits[is_known][1] += 1
        all_hits, keys = (sum(part) for part in zip(*hits.values(), strict=True))
        parts = (f"{hit / max(n, 1):.2%} of {n}" for hit, n in hits.values())
        print(f"{weight}: among three {all_hits / max(keys, 1):.2%}; known, new:", *parts)


def clitics_of(model: Predictor, line: str) -> list[tuple[str, str]]:
    """Words of a line that have a clitic, and what stands before each."""
    contexts = []
    for word in model.tokenizer.split(line):
        raw = line[word.start : word.end]
        clitic, apostrophe, rest = word.text.partition("'")
        begins = f"{clitic}{apostrophe}{rest[:1]}"
        if apostrophe and len(rest) > 2 and model.lexicon.after_clitic(begins) is not None:
            contexts.append((line[: word.start], raw))
    return contexts


if __name__ == "__main__":
    main()
