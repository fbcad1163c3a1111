"""A single LSTM of Foreword's against the recipe of the PyTorch examples' word_language_model.

Both are given the same text in Penn Treebank/WikiText form, the same machine and, unless
`--peer-minutes` says otherwise, the same minutes, one after the other. Ours is trained by the
recipe `wikitext-2-cpu`; the peer is that of word_language_model.py beside this file.

    python benchmarks/against_word_language_model.py TRAIN VALID TEST --minutes 30

What the peer reaches in 520 s, in a quarter of its time:

    python benchmarks/against_word_language_model.py TRAIN VALID TEST --minutes 2.17 \
        --peer-minutes 8.67 --json benchmarks/results/quarter_of_the_time.json
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch

import foreword
from foreword.folder.store import read_config
from machine import machine
from word_language_model import Words, evaluate_peer, train_peer

RESULTS = Path(__file__).parent / "results" / "against_word_language_model.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("test")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--peer-minutes", type=float, help="the same, if not given")
    parser.add_argument("--ours", type=Path, help="a model that has been trained with the same")
    parser.add_argument("--json", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    if arguments.ours is None:
        arguments.ours = Path(tempfile.mkdtemp()) / "model"
        foreword.train(
            [arguments.train],
            out=arguments.ours,
            valid=[arguments.valid],
            recipe="wikitext-2-cpu",
            minutes=arguments.minutes,
        )
    config = read_config(arguments.ours)
    assert config.training is not None
    ours = foreword.evaluate(arguments.ours, [arguments.test])
    ours_valid = foreword.evaluate(arguments.ours, [arguments.valid])
    seen, seconds = config.training.words_seen, config.training.seconds
    print(f"  ours: {seen:,} words seen, {seen / seconds:,.0f} words/s, {seconds:.0f} s")
    print(f"foreword: perplexity {ours_valid.perplexity:.1f} valid, {ours.perplexity:.1f} test")

    words_of = Words.of(arguments.train)
    ids = {name: words_of.ids(getattr(arguments, name)) for name in ("train", "valid", "test")}
    peer_minutes = arguments.peer_minutes or arguments.minutes
    run = train_peer(ids["train"], ids["valid"], words_of.count, [peer_minutes * 60])
    valid, test = (evaluate_peer(run.model, ids[name]) for name in ("valid", "test"))
    print(f"word_language_model's recipe: perplexity {valid:.1f} valid, {test:.1f} test")
    result = {
        "test words": ours.words,
        "foreword": {
            "minutes": arguments.minutes,
            "valid perplexity": ours_valid.perplexity,
            "test perplexity": ours.perplexity,
            "words/s": seen / seconds,
            "settings": config.training.settings,
        },
        "word_language_model's recipe": {
            "minutes": peer_minutes,
            "valid perplexity": valid,
            "test perplexity": test,
            "words/s": run.points[-1].words / (peer_minutes * 60),
        },
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": machine(),
    }
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {arguments.json}")


if __name__ == "__main__":
    main()
