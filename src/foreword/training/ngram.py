"""Train an n-gram model of a text: count and smooth it once, without training steps."""

import time
from pathlib import Path

import numpy as np
import torch

from foreword.evaluation.perplexity import score
from foreword.evaluation.report import evaluation_of
from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig, NgramConfig, TrainingRecord
from foreword.folder.saving import write_folder
from foreword.folder.usage import misspellings_of
from foreword.kernels.threads import threads_within_quota
from foreword.models.ngram import NgramModel
from foreword.ngrams.kneser_ney import learn
from foreword.training.card import model_card
from foreword.training.corpus import Corpus
from foreword.training.progress import Note, Reporter, TextProgress
from foreword.training.settings import TrainingSettings


@threads_within_quota()
def count_on(
    corpus: Corpus, settings: TrainingSettings, *, out: Path, report: Reporter, seconds: float = 0.0
) -> FolderConfig:
    """Write the n-gram model of a corpus to the folder `out`, measured on the held-out text.

    Args:
        corpus: the text as ids.
        settings: those of the text, the order and the least count; others have no effect.
        out: the model folder.
        report: called with all events.
        seconds: the time spent before.
    """
    began = time.monotonic()
    model, V = settings.model, corpus.tokenizer.vocab_size
    table = learn(
        np.asarray(corpus.train.ids),
        V,
        model.ngram_order,
        model.ngram_min_count,
        lambda done, total: report(TextProgress("counting", done, total)),
    )
    counts = tuple(len(level.keys) for level in table.levels)
    seconds += time.monotonic() - began
    report(
        Note(
            f"ngram of {table.order} words, {sum(counts):,} n-grams; {len(corpus.train):,} words; "
            f"vocabulary {V:,}; counted in {seconds:.0f} s"
        )
    )
    evaluation = None
    if corpus.valid is not None:
        measured = score(
            NgramModel(table),
            corpus.valid.ids,
            progress=lambda done, total: report(TextProgress("evaluating", done, total)),
        )
        evaluation = evaluation_of(measured, corpus.valid, corpus.valid_name)
    table_config = NgramConfig(vocab_size=V, order=table.order, ngrams=counts)
    config = FolderConfig(
        format_version=format_version(table_config, "float32", corpus.tokenizer.config),
        model=table_config,
        tokenizer=corpus.tokenizer.config,
        training=TrainingRecord(
            text=corpus.name,
            words=len(corpus.train),
            words_seen=len(corpus.train),
            steps=1,
            epochs=1.0,
            seconds=round(seconds, 1),
            seed=settings.run.seed,
            settings=settings.public_leaves(),
            torch_version=torch.__version__,
            finished=True,
        ),
        evaluation=evaluation,
    )
    arrays, card = table.to_arrays(), model_card(config)
    write_folder(
        out,
        config,
        arrays,
        corpus.tokenizer,
        card,
        misspellings=misspellings_of(corpus.tokenizer, arrays, corpus.train.ids),
        replaces=True,
    )
    return config
