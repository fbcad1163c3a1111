"""Foreword beside Joey NMT's RNN and its Transformer: same pairs, same minutes, same machine.

    python benchmarks/translation_peers.py --pairs train.de train.en --valid-pairs val.de val.en
        --minutes 10 30 [--only foreword transformer] [--out DIR] [--json FILE]

The table has BLEU of the validation pairs by beam search with 4 beams (sacreBLEU, raw text), the
number of parameters, target sub-words/s of training, and source words/s of translating. Joey NMT
is optional; two of the packages that it names are too old for today's Python, and unused:

    pip install --no-deps joeynmt "sentencepiece<0.2.2" subword-nmt "importlib-metadata<9" zipp

Foreword is trained again for each number of minutes. Joey NMT, whose schedule does not depend on
its end, is trained once for the longest, and its best weights after each number of minutes are
measured. Its minutes are longer than ours: reading, validating (after each fifth of them) and
writing do not count. Sizes, dropout and label smoothing are those of its IWSLT configurations, with
half as many layers of the Transformer and smaller batches, which learn more in minutes. It gets as
many sub-words as Foreword chooses, made by SentencePiece from the same text.
"""

import argparse
import contextlib
import importlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import foreword
from foreword.evaluation.translation import measure
from foreword.training.progress import Event, StepProgress
from foreword.translator.translator import Translator
from machine import machine

BEAMS, VALIDATIONS, VALIDATED = 4, 5, 200
PEERS = {"rnn": "Joey NMT, RNN", "transformer": "Joey NMT, Transformer"}
SYSTEMS = ("foreword", *PEERS)
INSTALL = (
    "pip install --no-deps joeynmt 'sentencepiece<0.2.2' subword-nmt 'importlib-metadata<9' zipp"
)
Lines = Sequence[str]


@dataclass(frozen=True)
class Row:
    """How one system learned and translated.

    Attributes:
        system: its name.
        minutes: of training.
        bleu: of the validation pairs.
        signature: sacreBLEU's.
        parameters: the number of weights.
        subwords_per_second: target sub-words that training read in a second.
        words_per_second: source words that were translated in a second.
    """

    system: str
    minutes: float
    bleu: float
    signature: str
    parameters: int
    subwords_per_second: float
    words_per_second: float

    def text(self) -> str:
        """Return it as a row of the table."""
        return (
            f"{self.system:<24}{self.minutes:8g}{self.bleu:6.1f}{self.parameters:13,}"
            f"{self.subwords_per_second:8,.0f} sub-words/s{self.words_per_second:6,.0f} words/s"
        )


def row_of(
    system: str,
    minutes: float,
    translate: Callable[[], Lines],
    valid: Sequence[Lines],
    parameters: int,
    rate: float,
) -> Row:
    """Translate the validation sources, and measure that."""
    began = time.perf_counter()
    translations = translate()
    seconds = time.perf_counter() - began
    words = sum(len(line.split()) for line in valid[0])
    quality = measure(translations, valid[1])
    return Row(
        system, minutes, quality.bleu, quality.signatures["bleu"], parameters, rate, words / seconds
    )


def ours(pairs: Sequence[Path], valid_files: Sequence[Path], minutes: float, out: Path) -> Row:
    """Train Foreword with its defaults."""
    rates: list[float] = []

    def count(event: Event) -> None:
        if isinstance(event, StepProgress) and event.seconds:
            rates.append(event.words_seen / event.seconds)

    foreword.train(pairs=pairs, valid_pairs=valid_files, out=out, minutes=minutes, report=count)
    translator = foreword.load(out, Translator)
    valid = [path.read_text("utf-8").splitlines() for path in valid_files]
    parameters = sum(weight.size for weight in translator.folder.weights.values())

    def translate() -> Lines:
        both = translator.translate(list(valid[0]), beams=BEAMS, sentences=False)
        return [translation.text for translation in both]

    return row_of("Foreword", minutes, translate, valid, parameters, rates[-1])


def network(kind: str) -> dict[str, Any]:
    """Return Joey NMT's description of one of its networks."""
    embeddings = {"embedding_dim": 256, "scale": kind == "transformer", "dropout": 0.0}
    encoder: dict[str, Any] = {"embeddings": embeddings, "dropout": 0.3}
    decoder: dict[str, Any] = {"embeddings": embeddings, "dropout": 0.3}
    if kind == "transformer":
        sizes = {"num_layers": 3, "num_heads": 4, "hidden_size": 256, "ff_size": 1024}
        encoder |= {"type": "transformer", **sizes}
        decoder |= {"type": "transformer", **sizes}
    else:
        cells = {"type": "recurrent", "rnn_type": "gru", "num_layers": 1}
        encoder |= {**cells, "hidden_size": 256, "bidirectional": True}
        decoder |= {
            **cells, "hidden_size": 256, "hidden_dropout": 0.3, "init_hidden": "bridge",
            "attention": "bahdanau", "input_feeding": True,
        }  # fmt: skip
    return {
        "initializer": "xavier_uniform", "embed_initializer": "xavier_uniform",
        "bias_initializer": "zeros", "init_gain": 1.0, "embed_init_gain": 1.0,
        "tied_embeddings": True, "tied_softmax": True, "encoder": encoder, "decoder": decoder,
    }  # fmt: skip


def configuration(kind: str, folder: Path) -> dict[str, Any]:
    """Return Joey NMT's configuration; its pairs and sub-words lie in a folder."""
    side = {
        "level": "bpe", "lowercase": False, "max_length": 100, "voc_file": str(folder / "vocab"),
        "tokenizer_type": "sentencepiece",
        "tokenizer_cfg": {"model_file": str(folder / "joint.model"), "pretokenizer": "none"},
    }  # fmt: skip
    return {
        "name": kind, "model_dir": str(folder / kind), "use_cuda": False, "random_seed": 42,
        "data": {
            "train": str(folder / "train"), "dev": str(folder / "valid"), "dataset_type": "plain",
            "sample_dev_subset": VALIDATED,
            "src": {"lang": "source", **side}, "trg": {"lang": "target", **side},
        },
        "training": {
            "optimizer": "adam", "adam_betas": [0.9, 0.98], "normalization": "tokens",
            "scheduling": "warmupinversesquareroot", "learning_rate": 0.001,
            "learning_rate_warmup": 400, "learning_rate_min": 1e-8, "clip_grad_norm": 1.0,
            "label_smoothing": 0.1, "loss": "crossentropy", "batch_size": 2048,
            "batch_type": "token", "early_stopping_metric": "bleu", "epochs": 10_000,
            "validation_freq": 10**9, "logging_freq": 1000, "print_valid_sents": [],
            "keep_best_ckpts": 1,
        },
        "testing": {
            "beam_size": BEAMS, "beam_alpha": 1.0, "batch_size": 64, "batch_type": "sentence",
            "max_output_length": 60, "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {"tokenize": "13a"},
        },
        "model": network(kind),
    }  # fmt: skip


def write_text(folder: Path, pairs: Sequence[Path], valid: Sequence[Path], subwords: int) -> None:
    """Write pairs where Joey NMT looks for them, and sub-words that both languages share."""
    import sentencepiece

    for name, files in (("train", pairs), ("valid", valid)):
        both = zip(*(path.read_text("utf-8").splitlines() for path in files), strict=True)
        kept = [pair for pair in both if all(map(str.strip, pair))]
        for language, lines in zip(("source", "target"), zip(*kept, strict=True), strict=True):
            (folder / f"{name}.{language}").write_text("\n".join(lines) + "\n", "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=[str(folder / "train.source"), str(folder / "train.target")],
        model_prefix=str(folder / "joint"), model_type="bpe", vocab_size=subwords,
        character_coverage=1.0, unk_id=0, pad_id=1, bos_id=2, eos_id=3, minloglevel=2,
    )  # fmt: skip
    pieces = [
        line.split("\t")[0] for line in (folder / "joint.vocab").read_text("utf-8").splitlines()
    ]
    (folder / "vocab").write_text("\n".join(pieces[4:]) + "\n", "utf-8")


def joey(kind: str, folder: Path, marks: Sequence[float]) -> list[Row]:
    """Train one of Joey NMT's networks, and translate with its best weights after some minutes."""
    from joeynmt.config import parse_global_args, set_validation_args
    from joeynmt.helpers import load_checkpoint
    from joeynmt.prediction import predict, prepare
    from joeynmt.training import TrainManager

    class Timed(TrainManager):
        """Joey NMT's own loop, which validates and ends by the time of training alone."""

        dev: Any
        began = paused = 0.0

        def _train_step(self, batch: Any) -> tuple[float, int]:
            self.began = self.began or time.monotonic()
            minutes = (time.monotonic() - self.began - self.paused) / 60
            if minutes >= times[0]:
                stopped = time.monotonic()
                self._validate(self.dev)
                if times.pop(0) in marks:
                    rates.append(self.stats.total_tokens / (60 * minutes))
                    best = Path(described["model_dir"]) / "best.ckpt"
                    shutil.copy(best, folder / f"{kind}-{len(rates)}.ckpt")
                self.paused += time.monotonic() - stopped
            if not times:
                raise KeyboardInterrupt
            return super()._train_step(batch)

    rates: list[float] = []
    times = sorted({mark * n / VALIDATIONS for mark in marks for n in range(1, VALIDATIONS + 1)})
    described = configuration(kind, folder)
    shutil.rmtree(described["model_dir"], ignore_errors=True)
    Path(described["model_dir"]).mkdir(parents=True)
    args = parse_global_args(described, rank=0, mode="train")
    model, train, dev, _ = prepare(args, rank=0, mode="train")
    trainer = Timed(
        rank=0, model=model, model_dir=args.model_dir, device=args.device, n_gpu=0, num_workers=0,
        autocast=args.autocast, seed=args.seed, train_args=args.train,
        dev_args=set_validation_args(args.test),
    )  # fmt: skip
    trainer.dev = dev
    trainer.train_and_validate(train_data=train, valid_data=dev)
    dev.reset_indices(random_subset=-1)

    def translate() -> Lines:
        predicted = predict(
            model, dev, args.device, n_gpu=0, args=args.test, autocast=args.autocast
        )
        return predicted[2]

    valid = [
        (folder / f"valid.{side}").read_text("utf-8").splitlines() for side in ("source", "target")
    ]
    parameters = sum(weight.numel() for weight in model.parameters())
    rows = []
    with torch.inference_mode():
        for index, (minutes, rate) in enumerate(zip(marks, rates, strict=True), start=1):
            best = load_checkpoint(folder / f"{kind}-{index}.ckpt", map_location=args.device)
            model.load_state_dict(best["model_state"])
            rows.append(row_of(PEERS[kind], minutes, translate, valid, parameters, rate))
    return rows


def main() -> None:
    """Train all systems, one after the other, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", nargs=2, type=Path, required=True, metavar="FILE")
    parser.add_argument("--valid-pairs", nargs=2, type=Path, required=True, metavar="FILE")
    parser.add_argument("--minutes", nargs="+", type=float, default=[10, 30], help="of training")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--subwords", type=int, help="of Joey NMT; default: those of Foreword")
    parser.add_argument("--out", type=Path, help="where the models are kept")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    marks = sorted(set(chosen.minutes))
    peers = [kind for kind in PEERS if kind in chosen.only]
    try:
        importlib.import_module("joeynmt")
    except ImportError as error:
        print(f"Joey NMT takes no part ({error}); install it by {INSTALL}")
        peers = []
    else:
        logging.disable(logging.INFO)
    rows = []
    with contextlib.ExitStack() as stack:
        folder = chosen.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = folder / f"foreword-{marks[-1]:g}"
        if "foreword" in chosen.only:
            for minutes in marks:
                model = folder / f"foreword-{minutes:g}"
                rows.append(ours(chosen.pairs, chosen.valid_pairs, minutes, model))
                print(rows[-1].text(), flush=True)
        if peers:
            count = chosen.subwords or foreword.load(model, Translator).subwords.size
            text = folder / "joey"
            text.mkdir(parents=True, exist_ok=True)
            write_text(text, chosen.pairs, chosen.valid_pairs, count)
        for kind in peers:
            reached = joey(kind, text, marks)
            rows += reached
            print(*(row.text() for row in reached), sep="\n", flush=True)
    print(f"{machine()}, {torch.get_num_threads()} threads")
    print(f"{'':<24}{'minutes':>8}{'BLEU':>6}{'parameters':>13}{'training':>18}{'translating':>14}")
    for row in rows:
        print(row.text())
    print(rows[0].signature if rows else "nothing was trained")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
