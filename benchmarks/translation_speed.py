"""The speed of a translation model on one core, and of CTranslate2 in the same run.

    python benchmarks/translation_speed.py DIR --pairs test.de test.en [--json FILE]

It prints source words/s of greedy search and of beam search with 4 beams, for one sentence at a
time and for 64 together; the time of a keystroke while the reference translations are typed, for
words, for phrases of words, and with the rest of the translation too; and the size of the folder.
Times are the processor time of this process, which runs on one core: other programs' time is not
counted, but they use its caches. A speed is the best of three rounds, in which ours and the peer
take turns. No keystroke is left out.

The peer is an int8 Transformer with 3 encoder layers and 1 decoder layer in CTranslate2
(`pip install ctranslate2`), of about 10 MB. Its weights are random, since speed does not depend on
them: it translates into nonsense. Each batch is forced to the mean length of our translations. It
    reads and writes sub-words, while ours reads and writes text.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

import foreword
from foreword.translator.translator import Translator
from foreword.translator.typist import TranslationTypist

BEAMS, BATCHES, ROUNDS = (1, 4), (1, 64), 3
VOCABULARY, WIDTH, FEED_FORWARD, HEADS = 5_600, 256, 2_560, 8
"""Of the peer: 10 MB in int8."""


def main() -> None:
    """Print a table, and write a file if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--pairs", nargs=2, required=True)
    parser.add_argument("--sentences", type=int, default=256)
    parser.add_argument("--typed", type=int, default=40, help="pairs that are typed")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sources, targets = (
        Path(path).read_text("utf-8").splitlines()[: arguments.sentences]
        for path in arguments.pairs
    )
    translator = foreword.load(arguments.folder, Translator)
    runs = {
        f"foreword, {n} beams, batch {b}": ours(translator, n, b) for n in BEAMS for b in BATCHES
    }
    with tempfile.TemporaryDirectory() as temporary:
        peer = peer_of(Path(temporary))
        if peer is not None:
            cut, lengths = as_peer_reads(translator, sources)
            for n in BEAMS:
                for b in BATCHES:
                    runs[f"CTranslate2, {n} beams, batch {b}"] = peer(cut, lengths, n, b)
        figures: dict[str, Any] = {
            name: words_per_second(sources, run) for name, run in best(runs, sources)
        }
    pairs = list(zip(sources, targets, strict=True))[: arguments.typed]
    for name, keystroke in KEYSTROKES.items():
        taken = typed(translator, pairs, keystroke)
        figures[f"keystroke, {name}, median, ms"] = round(statistics.median(taken), 3)
        figures[f"keystroke, {name}, p99, ms"] = round(float(np.percentile(taken, 99)), 3)
    size = sum(path.stat().st_size for path in Path(arguments.folder).iterdir())
    figures["size of the folder, MB"] = round(size / 1e6, 2)
    for name, value in figures.items():
        print(f"{name:<44}{value:>12,}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")


Run = Callable[[Sequence[str]], object]


def ours(translator: Translator, beams: int, batch: int) -> Run:
    """Return a function that translates lines from text to text.

    A list of lines is translated in batches of up to 64, sorted by length, as the peer's are.
    """

    def run(lines: Sequence[str]) -> None:
        for some in [list(lines)] if batch > 1 else [[line] for line in lines]:
            translator.translate(some, beams=beams, sentences=False)

    return run


def best(runs: dict[str, Run], lines: Sequence[str]) -> list[tuple[str, float]]:
    """Return the least seconds of each run; in every round each has its turn."""
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.process_time()
            run(lines)
            seconds[name] = min(seconds[name], time.process_time() - began)
    return list(seconds.items())


def words_per_second(lines: Sequence[str], seconds: float) -> int:
    """Return the source words, as they stand between spaces, of a second."""
    return round(sum(len(line.split()) for line in lines) / seconds)


Keystroke = Callable[[TranslationTypist, str], object]
"""What is computed at a keystroke, for the typed text."""


def with_rest(typist: TranslationTypist, text: str) -> None:
    """Suggest phrases, and complete the text to a whole translation."""
    typist.suggest(text, 3, phrases=True)
    typist.rest(text)


KEYSTROKES: dict[str, Keystroke] = {
    "words": lambda typist, text: typist.suggest(text, 3),
    "phrases": lambda typist, text: typist.suggest(text, 3, phrases=True),
    "phrases and the rest": with_rest,
}


def typed(
    translator: Translator, pairs: Sequence[tuple[str, str]], keystroke: Keystroke
) -> list[float]:
    """Return the milliseconds of each keystroke, of which the first encodes the source too."""
    taken = []
    for source, target in pairs:
        began = time.process_time()
        typist = translator.typist(source, sentences=False)
        for length in range(len(target) + 1):
            keystroke(typist, target[:length])
            ended = time.process_time()
            taken.append(1e3 * (ended - began))
            began = ended
    return taken


def as_peer_reads(
    translator: Translator, lines: Sequence[str]
) -> tuple[list[list[str]], list[int]]:
    """Return the sub-words of lines, and how many ours has in the translation of each."""
    subwords = translator.subwords
    cut = [[str(index % VOCABULARY) for index in subwords.encode(line)] for line in lines]
    translations = translator.translate(list(lines), beams=1, sentences=False)
    return cut, [len(subwords.encode(one.text)) + 1 for one in translations]


def peer_of(folder: Path) -> Callable[..., Run] | None:
    """Build the peer; return what makes its runs. None if CTranslate2 is not installed."""
    try:
        import ctranslate2
    except ImportError:
        print("CTranslate2 is not installed: there is no peer (pip install ctranslate2)")
        return None
    write_transformer(folder / "peer")
    translator = ctranslate2.Translator(
        str(folder / "peer"), compute_type="int8", intra_threads=1, inter_threads=1
    )
    print(f"peer: {sum(p.stat().st_size for p in (folder / 'peer').iterdir()) / 1e6:.1f} MB")

    def run_of(cut: list[list[str]], lengths: list[int], beams: int, batch: int) -> Run:
        order = sorted(range(len(cut)), key=lambda k: lengths[k])  # one length serves a batch
        batches = [order[first : first + batch] for first in range(0, len(order), batch)]

        def run(_: Sequence[str]) -> None:
            for some in batches:
                length = round(statistics.mean(lengths[k] for k in some))
                translator.translate_batch(
                    [cut[k] for k in some],
                    beam_size=beams,
                    min_decoding_length=length,
                    max_decoding_length=length,
                )

        return run

    return run_of


def write_transformer(folder: Path) -> None:
    """Write a Transformer with random weights as CTranslate2 reads it."""
    from ctranslate2.specs import TransformerSpec

    random = np.random.default_rng(1)
    spec = TransformerSpec.from_config((3, 1), HEADS, pre_norm=True)
    words = [str(k) for k in range(VOCABULARY - 3)]

    def fill(part: Any, output: int, inputs: int) -> None:
        part.weight = random.normal(0, 0.05, (output, inputs)).astype(np.float32)
        if hasattr(part, "bias"):
            part.bias = np.zeros(output, np.float32)

    def norm(part: Any) -> None:
        part.gamma, part.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(part: Any, *sizes: int) -> None:
        norm(part.layer_norm)
        for linear, size in zip(part.linear, sizes, strict=True):
            fill(linear, size, WIDTH)

    for side in (spec.encoder, spec.decoder):
        for embedding in (
            side.embeddings if isinstance(side.embeddings, list) else [side.embeddings]
        ):
            embedding.weight = random.normal(0, 0.05, (VOCABULARY, WIDTH)).astype(np.float32)
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention, 3 * WIDTH, WIDTH)
            if hasattr(layer, "attention"):
                attention(layer.attention, WIDTH, 2 * WIDTH, WIDTH)
            norm(layer.ffn.layer_norm)
            fill(layer.ffn.linear_0, FEED_FORWARD, WIDTH)
            fill(layer.ffn.linear_1, WIDTH, FEED_FORWARD)
    spec.decoder.projection.weight = spec.encoder.embeddings[0].weight
    for vocabulary in (spec.register_source_vocabulary, spec.register_target_vocabulary):
        vocabulary(["<unk>", "<s>", "</s>", *words])
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir()
    spec.save(str(folder))


if __name__ == "__main__":
    main()
