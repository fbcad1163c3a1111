"""Measure a translation model on pairs: `foreword.evaluate(DIR, pairs=...)`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike

import torch

from foreword.errors import TextError
from foreword.evaluation.calibration import fit, reliability
from foreword.evaluation.lengths import measures_by_length
from foreword.evaluation.pairs import evaluation_of_pairs, score_pairs
from foreword.evaluation.translation import measure
from foreword.folder.claim import claimed, refuse_unclaimable
from foreword.folder.config import LengthMeasure, TranslationEvaluation
from foreword.folder.installed import find_folder
from foreword.folder.quantised import dense
from foreword.folder.translation_store import keep_calibration, read_translation
from foreword.kernels.threads import threads_within_quota
from foreword.models.build import device_named, load_weights
from foreword.text.decoding import UNICODE
from foreword.text.pair_batches import Ends, Ids
from foreword.text.pairs.reading import read_pairs
from foreword.translation.model import TranslationModel
from foreword.translator.translation import Translation
from foreword.translator.translator import Translator

TOGETHER = 256
"""The number of sentences that are translated between two reports of progress."""


@threads_within_quota()
def evaluate_pairs(
    folder: str | PathLike[str],
    pairs: Sequence[str | PathLike[str]],
    *,
    beams: int = 4,
    calibrate: bool = False,
    by_length: bool = False,
    device: str = "cpu",
    encoding: str = UNICODE,
    say: Callable[[str], None] = lambda _: None,
    progress: Callable[[str, int, int | None], None] = lambda *_: None,
) -> TranslationEvaluation:
    """Translate the sources by beam search, and measure them against the references.

    Every pair counts; none is left out.

    Args:
        folder: a translation model.
        pairs: files as `foreword.text.pairs.read_pairs` takes them.
        beams: the number of hypotheses; 1 is greedy search.
        calibrate: whether to fit the confidences of the model on these pairs, and to keep the
            calibration in its folder. The pairs should be those that it was validated on.
        by_length: whether to measure BLEU, and how far gradients reach, by the length of the source
            too; see `foreword.evaluation.lengths`.
        device: the device for the perplexity; translations are made on the CPU.
        encoding: of files that are not Unicode.
        say: called with sentences about what was read.
        progress: called with (activity, amount done, amount in all).

    Raises:
        MissingExtraError: sacreBLEU is not installed.
        FolderError, TextError: with what to do about it.
    """
    path = find_folder(folder)
    if calibrate:
        refuse_unclaimable(path, "evaluate")
    stored = read_translation(path)
    translator = Translator(replace(stored, calibration=None) if calibrate else stored)
    languages = (stored.source_language, stored.target_language)
    test = read_pairs(pairs, languages=languages if all(languages) else None, encoding=encoding)
    say(test.note)
    if len(test) == 0:
        raise TextError("there are no pairs to evaluate on")
    sources, references = list(test.sources), list(test.targets)
    translations: list[Translation] = []
    seconds = 0.0
    for begin in range(0, len(sources), TOGETHER):
        began = time.perf_counter()
        chosen = sources[begin : begin + TOGETHER]
        part = translator.translate(chosen, beams=beams, sentences=False)
        seconds += time.perf_counter() - began
        translations += part
        progress("translating", len(translations), len(sources))
    model = TranslationModel(stored.model)
    load_weights(model, dense(stored.weights))
    subwords = stored.subwords
    texts = [translation.text for translation in translations]
    lengths: tuple[LengthMeasure, ...] = ()
    if by_length:
        progress("differentiating", 0, None)
        lengths = measures_by_length(model, subwords, sources, texts, references)
    model = model.to(device_named(device))
    ids = [Ids.of(subwords.encode_batch(side)) for side in (sources, references)]
    with torch.inference_mode():
        score = score_pairs(model, ids[0], ids[1], Ends(subwords.start, subwords.end))
    evaluation = evaluation_of_pairs(
        score,
        measure(texts, references),
        text=test.names,
        pairs=len(test),
        beams=beams,
    )
    if calibrate:
        calibration = fit(translations, references, test.names)
        with claimed(path, "evaluate"):
            keep_calibration(path, calibration, stored.document)
        translator = Translator(replace(stored, calibration=calibration))
        translations = translator.translate(sources, beams=beams, sentences=False)
        say(f"the confidences are calibrated on {calibration.words:,} words; {path} keeps it")
    words = sum(len(source.split()) for source in sources)
    return evaluation.model_copy(
        update={
            "words_per_second": words / max(seconds, 1e-9),
            "reliability": reliability(translations, references),
            "by_length": lengths,
        }
    )
