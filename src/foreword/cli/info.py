"""`foreword info`: what a model is, how it was trained, on what, and how good it is. No torch."""

import math
from pathlib import Path

import numpy as np

from foreword.cli.arguments import Json, ModelFolder
from foreword.cli.console import print_json, results, table_of
from foreword.folder.adopting import current
from foreword.folder.config import (
    Compression,
    Evaluation,
    FederatedRecord,
    FolderConfig,
    ModelConfig,
    NgramConfig,
    TrainingRecord,
    TranslationCompression,
    TranslationEvaluation,
    TranslationFolderConfig,
)
from foreword.folder.files import read_header
from foreword.folder.installed import find_folder
from foreword.folder.quantised import SCALE
from foreword.folder.store import NGRAMS, read_config
from foreword.folder.translation_store import (
    expected_tensors as translation_tensors,
)
from foreword.folder.translation_store import holds_translation, read_translation_config
from foreword.folder.weights import count_numbers, expected_tensors


def info(
    folder: ModelFolder,
    as_json: Json = False,
) -> None:
    """Show what a model is, how it was trained, on what, and how good it is."""
    path = find_folder(folder)
    if holds_translation(path):
        _translation(read_translation_config(path), as_json=as_json)
        return
    config = read_config(path)
    if as_json:
        count = count_numbers(config.model, config.weights)
        print_json({**config.model_dump(mode="json"), "parameters": count})
        return
    rows = {**_model(config), **ngrams_rows(path), **_trained(config.training), **_quality(config)}
    results().print(table_of(rows))


def _translation(config: TranslationFolderConfig, *, as_json: bool) -> None:
    """Show a translation model."""
    model = config.model
    tensors = {
        name: (dtype, shape)
        for name, (dtype, shape) in translation_tensors(model, config.weights).items()
        if not name.endswith(SCALE)
    }
    count = sum(math.prod(shape) for _, shape in tensors.values())
    if as_json:
        print_json({**config.model_dump(mode="json"), "parameters": count})
        return
    size = sum(math.prod(shape) * np.dtype(dtype).itemsize for dtype, shape in tensors.values())
    looks = f"{model.attention} attention, heads: {model.heads}" if model.looks else "no attention"
    encoder = f"{model.encoder_layers} {'bidirectional ' if model.bidirectional else ''}layers"
    results().print(
        table_of(
            {
                "model": f"translation by {model.cell}: encoder of {encoder}, decoder of "
                f"{model.decoder_layers} layers, {model.hidden_size} units; {looks}",
                "languages": " to ".join(
                    code or "unknown" for code in (config.source_language, config.target_language)
                ),
                "parameters": f"{count:,} in {config.weights} ({size / 1e6:.1f} MB)",
                "vocabulary": f"{model.vocab_size:,} sub-words",
                **_trained(config.training),
                "confidence": "not calibrated"
                if config.calibration is None
                else f"calibrated on {config.calibration.text}, {config.calibration.words:,} words",
                **translation_rows(config.evaluation),
            }
        )
    )


def evaluation_rows(evaluation: Evaluation) -> dict[str, str]:
    """The evaluation, for people."""
    return {
        "measured on": f"{evaluation.text}, {evaluation.words:,} words",
        "perplexity": f"{evaluation.perplexity:.2f}",
        "cross-entropy": f"{evaluation.cross_entropy_nats:.3f} nats, "
        f"{evaluation.cross_entropy_bits:.3f} bits per word",
        "accuracy": f"{evaluation.top1:.1%} top 1, {evaluation.top3:.1%} top 3, "
        f"{evaluation.top5:.1%} top 5",
        "mean reciprocal rank": f"{evaluation.mean_reciprocal_rank:.3f}",
        "out of vocabulary": f"{evaluation.out_of_vocabulary:.2%}",
        "speed": f"{evaluation.words_per_second:,.0f} words/s",
    }


def translation_rows(evaluation: TranslationEvaluation | None) -> dict[str, str]:
    """The evaluation of a translation model, for people."""
    if evaluation is None:
        return {}
    rows = {
        "measured on": f"{evaluation.text}, {evaluation.pairs:,} pairs",
        "perplexity": f"{evaluation.perplexity:.2f} per sub-word",
        "accuracy": f"{evaluation.top1:.1%} of the sub-words, given those before",
    }
    if evaluation.bleu is not None:
        rows["BLEU"] = f"{evaluation.bleu:.1f} ({evaluation.signatures['bleu']})"
        rows["chrF2"] = f"{evaluation.chrf:.1f}"
        rows["TER"] = f"{evaluation.ter:.1f}"
        rows["beams"] = f"{evaluation.beams}{', greedy' if evaluation.beams == 1 else ''}"
    if evaluation.reliability is not None:
        told = evaluation.reliability
        rows["confidence"] = (
            f"off by {told.word_error:.1%} for words and {told.sentence_error:.1%} for sentences "
            "(expected calibration error)"
        )
    if evaluation.words_per_second is not None:
        rows["speed"] = f"{evaluation.words_per_second:,.0f} words/s, translated"
    return rows


def compression_rows(result: Compression | TranslationCompression) -> dict[str, str]:
    """The cost of compression, for people."""
    loss = result.perplexity_after / result.perplexity_before - 1
    perplexity = (
        f"{result.perplexity_before:.2f} before, {result.perplexity_after:.2f} after ({loss:+.2%})"
    )
    if isinstance(result, TranslationCompression):
        return {
            "measured on": f"{result.text}, {result.subwords:,} sub-words",
            "perplexity": perplexity,
        }
    return {
        "measured on": f"{result.text}, {result.words:,} words",
        "perplexity": perplexity,
        "accuracy, top 3": f"{result.top3_before:.2%} before, {result.top3_after:.2%} after",
    }


_LINES = {
    "sentence": "each is a sentence or a message",
    "paragraph": "each is a paragraph",
    "wrapped": "parts of paragraphs, wrapped at a width",
}


def _model(config: FolderConfig) -> dict[str, str]:
    model = config.model
    count = count_numbers(model, config.weights)
    size = sum(
        math.prod(shape) * np.dtype(dtype).itemsize
        for dtype, shape in expected_tensors(model, config.weights).values()
    )
    rows = {
        "parameters": f"{count:,} in {config.weights} ({size / 1e6:.1f} MB)",
        "vocabulary": f"{model.vocab_size:,} words, case "
        f"{'kept' if config.tokenizer.case == 'keep' else 'folded'}",
        "lines": _LINES[config.tokenizer.lines],
    }
    if isinstance(model, NgramConfig):
        lengths = ", ".join(f"{n:,} of {k}" for k, n in enumerate(model.ngrams, 2))
        return {"model": f"{model.name} of {model.order} words: {lengths}", **rows}
    layers = "1 layer" if model.num_layers == 1 else f"{model.num_layers} layers"
    return {
        "model": f"{model.name}, {layers} of {model.hidden_size} units",
        **_options(model),
        "embedding": f"{model.embedding_size}{', tied to the output' if model.tied else ''}",
        **rows,
    }


def ngrams_rows(path: Path) -> dict[str, str]:
    """The n-grams beside the network, if there are any, for people."""
    file = current(path, NGRAMS)
    if not file.exists():
        return {}
    headers, _ = read_header(file)
    lengths = [name for name in headers if name.endswith(".words")]
    count = sum(headers[name].shape[0] for name in lengths)
    size = file.stat().st_size / 1e6
    return {"n-grams": f"{count:,} of up to {len(lengths) + 1} words ({size:.1f} MB)"}


def _options(model: ModelConfig) -> dict[str, str]:
    options = ["the output sees the sum of all layers"] * model.skip
    options += [f"{model.softmaxes} softmaxes mixed"] * (model.softmaxes > 1)
    if model.clusters:
        head, clusters = model.adaptive_head, model.adaptive_clusters
        options.append(f"adaptive softmax, {head:,} words and {clusters} clusters")
    if model.cell_clip:
        options.append(f"memory clipped at {model.cell_clip:g}")
    if model.mogrifier_rounds:
        rank = f" of rank {model.mogrifier_rank}" if model.mogrifier_rank else ""
        options.append(f"{model.mogrifier_rounds} Mogrifier rounds{rank}")
    options += [f"{name} {value}" for name, value in model.cell_options.items()]
    return {"options": ", ".join(options)} if options else {}


def _trained(record: TrainingRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    federated = record.federated
    verb = "train" if federated is None else "federate"
    return {
        "trained on": f"{record.text}, {record.words:,} words",
        **({} if federated is None else _federated(federated)),
        "training": f"{record.words_seen:,} words seen ({record.epochs:.1f} epochs), "
        f"{record.steps:,} steps, {record.seconds / 60:.1f} minutes, seed {record.seed}",
        "state": "finished" if record.finished else f"interrupted: {verb} --resume goes on",
    }


def _federated(record: FederatedRecord) -> dict[str, str]:
    """How many people a model learned from, and their differential privacy."""
    privacy = record.privacy
    return {
        "people": f"{record.people:,}, of whom {record.clients:,} took part in each round; begun "
        f"from {record.base}",
        "privacy": "no differential privacy"
        if privacy is None
        else f"epsilon {privacy.epsilon:.3g} at delta {privacy.delta:.2g} for each person; the "
        "model card has the assumptions",
        **canary_rows(record),
    }


def canary_rows(record: FederatedRecord) -> dict[str, str]:
    """Whether the model knows the sentences that were planted, for people."""
    canaries = record.canaries
    if canaries is None:
        return {}
    most = math.log2(canaries.alternatives + 1)
    told = ", ".join(f"{exposure:.1f}" for exposure in canaries.exposures)
    return {"canaries": f"exposure of {told or '? (not measured)'}, of {most:.1f} bits at most"}


def _quality(config: FolderConfig) -> dict[str, str]:
    if config.evaluation is not None:
        return evaluation_rows(config.evaluation)
    if config.compression is not None:
        return compression_rows(config.compression)
    return {"quality": "not measured"}
