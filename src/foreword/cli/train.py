"""`foreword train`: from someone's text to a model folder."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from foreword.cli.console import errors, interruptible, loading_torch, print_json, results
from foreword.cli.info import evaluation_rows, table_of
from foreword.cli.texts import PANEL, reads_texts
from foreword.cli.watch import Watch
from foreword.folder.claim import refuse_unclaimable
from foreword.folder.config import AnyModelName
from foreword.text.choice import ReadingOptions
from foreword.training.checkpoint import refuse_without_checkpoint, saved
from foreword.training.target import refusal_for

STOPPED = {"SIGINT": 130, "SIGTERM": 143}

_MODEL = "Model"
_TEXT = PANEL
_BPTT = "Backpropagation through time"
_RATE = "Optimiser"
_RUN = "Run"


@reads_texts
def train(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, gzip files, or - for standard input. Default: the "
            "chats that come with the package."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write the model to."),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Text to validate on. Default: the last part of the text."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Settings from a recipe, which command-line options override; see `foreword "
            "recipes`.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in DIR.")] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the model in DIR once the new one has been validated."
        ),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Train for this many minutes. Default: 10 minutes or 40 epochs, whichever "
            "ends first."
        ),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Train for this many passes over the text.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Train for this many optimiser steps.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many validations without improvement.")
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Write DIR/watch for TensorBoard: losses, gradients by layer and distance, gates.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    model: Annotated[
        AnyModelName | None,
        typer.Option(help="Architecture. Default: lstm.", rich_help_panel=_MODEL),
    ] = None,
    hidden_size: Annotated[
        int | None,
        typer.Option(
            help="Units in each layer. Default: by the length of the text.", rich_help_panel=_MODEL
        ),
    ] = None,
    embedding_size: Annotated[
        int | None,
        typer.Option(
            help="Dimension of the word embeddings. Default: by the length of the text.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    num_layers: Annotated[
        int | None,
        typer.Option(help="Number of recurrent or MLP layers. Default: 1.", rich_help_panel=_MODEL),
    ] = None,
    context_words: Annotated[
        int | None,
        typer.Option(
            help="Number of previous words that mlp-window reads. Default: 5.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    nonlinearity: Annotated[
        Literal["tanh", "relu"] | None,
        typer.Option(
            help="Activation function of rnn and the MLPs. Default: tanh.", rich_help_panel=_MODEL
        ),
    ] = None,
    reset_after: Annotated[
        bool | None,
        typer.Option(
            "--reset-after/--reset-before",
            help="GRU: apply the reset gate after the matrix product, as torch does, or "
            "before it, as in the original paper. Default: after.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    tied: Annotated[
        bool | None,
        typer.Option(
            "--tied/--untied",
            help="Use the embedding matrix as output weights too, or separate ones. Default: tied.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    skip: Annotated[
        bool | None,
        typer.Option(
            "--skip/--no-skip",
            help="Feed the output layer the sum of all layers' outputs. Default: the last layer's.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmaxes: Annotated[
        int | None,
        typer.Option(help="Number of softmaxes in a mixture. Default: 1.", rich_help_panel=_MODEL),
    ] = None,
    mogrifier_rounds: Annotated[
        int | None,
        typer.Option(
            help="lstm: number of rounds in which x and h gate each other. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    mogrifier_rank: Annotated[
        int | None,
        typer.Option(
            help="Rank of the Mogrifier matrices. Default: 0, which means full rank.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    adaptive_clusters: Annotated[
        int | None,
        typer.Option(
            help="Number of clusters of rare words in an adaptive softmax; needs --untied. "
            "Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    adaptive_head: Annotated[
        int | None,
        typer.Option(
            help="Number of frequent words outside of the clusters. Default: 4096.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    cell_clip: Annotated[
        float | None,
        typer.Option(
            help="LSTMs: bound on |c|; 0 means none. Default: 5 for peephole cells, otherwise 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    ngram_order: Annotated[
        int | None,
        typer.Option(
            help="ngram: number of words in the longest n-grams. Default: 5.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    ngram_min_count: Annotated[
        int | None,
        typer.Option(
            help="ngram: drop n-grams of three or more words seen less often. Default: 1.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            help="Probability of input, hidden and output dropout (locked). Default: by the "
            "length of the text.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout_input: Annotated[
        float | None,
        typer.Option(help="Probability of dropout on the embedded words.", rich_help_panel=_MODEL),
    ] = None,
    dropout_hidden: Annotated[
        float | None,
        typer.Option(help="Probability of dropout between layers.", rich_help_panel=_MODEL),
    ] = None,
    dropout_output: Annotated[
        float | None,
        typer.Option(
            help="Probability of dropout on the last layer's outputs.", rich_help_panel=_MODEL
        ),
    ] = None,
    dropout_projected: Annotated[
        float | None,
        typer.Option(
            help="Probability of dropout after the projection of a tied model. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout_embedding: Annotated[
        float | None,
        typer.Option(
            help="Probability of dropping a word from the embedding matrix. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout_contexts: Annotated[
        float | None,
        typer.Option(
            help="Probability of dropout on the contexts of a mixture of softmaxes. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout_recurrent: Annotated[
        float | None,
        typer.Option(
            help="Probability of DropConnect on the recurrent weights. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    activation_penalty: Annotated[
        float | None,
        typer.Option(
            help="Factor of the mean square of the outputs, added to the loss. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    temporal_penalty: Annotated[
        float | None,
        typer.Option(
            help="Factor of the mean square change of the outputs per step, added to the "
            "loss. Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmax_sample: Annotated[
        int | None,
        typer.Option(
            help="Number of rare words sampled for each window's loss; 0 scores all words. "
            "Default: 0.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmax_head: Annotated[
        int | None,
        typer.Option(
            help="Number of frequent words that are always scored. Default: 4096.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmax_until: Annotated[
        float | None,
        typer.Option(
            help="Share of the run after which all words are scored. Default: 0.8.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmax_start: Annotated[
        Literal["frequencies", "equal"] | None,
        typer.Option(
            help="Word probabilities before the first step: the frequencies in the text, or "
            "equal. Default: frequencies.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    pretokenised: Annotated[
        bool | None,
        typer.Option(
            "--pretokenised",
            help="Read text in the form of Penn Treebank and WikiText: words between spaces, "
            "one <eos> per line.",
            rich_help_panel=_TEXT,
        ),
    ] = None,
    case: Annotated[
        Literal["keep", "fold"] | None,
        typer.Option(
            help="Keep upper case, or fold it to lower case. Default: keep.", rich_help_panel=_TEXT
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Language of the text, such as tr or pt-BR, which decides on upper and "
            "lower case. Default: detected from its letters.",
            rich_help_panel=_TEXT,
        ),
    ] = None,
    vocab_size: Annotated[
        int | None,
        typer.Option(
            help="Largest number of words in the vocabulary, most frequent first. Default: 20,000.",
            rich_help_panel=_TEXT,
        ),
    ] = None,
    min_count: Annotated[
        int | None,
        typer.Option(help="Drop words that occur less often than this.", rich_help_panel=_TEXT),
    ] = None,
    *,
    reading: ReadingOptions,
    bptt: Annotated[
        Literal["truncated", "sentence"] | None,
        typer.Option(
            help="truncated: backpropagate over windows of one stream; sentence: over each "
            "whole line. Default: truncated.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            help="Number of time steps through which gradients flow back. Default: 35.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    jitter: Annotated[
        bool | None,
        typer.Option(
            "--jitter/--no-jitter",
            help="Vary the length of the window. Default: on.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    rotate: Annotated[
        bool | None,
        typer.Option(
            "--rotate/--no-rotate",
            help="Start each stream at another word in each pass. Default: off.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Number of parallel streams. Default: 32.", rich_help_panel=_BPTT),
    ] = None,
    batch_ramp: Annotated[
        float | None,
        typer.Option(
            help="Share of the run in which the batch grows. Default: 0.", rich_help_panel=_BPTT
        ),
    ] = None,
    batch_start: Annotated[
        float | None,
        typer.Option(
            help="Share of the batch from which it grows. Default: 0.25.", rich_help_panel=_BPTT
        ),
    ] = None,
    window_ramp: Annotated[
        float | None,
        typer.Option(
            help="Share of the run in which the window grows. Default: 0.", rich_help_panel=_BPTT
        ),
    ] = None,
    window_start: Annotated[
        float | None,
        typer.Option(
            help="Share of the window from which it grows. Default: 0.25.", rich_help_panel=_BPTT
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Peak learning rate. Default: by the architecture.", rich_help_panel=_RATE
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="AdamW's weight decay, applied to matrices. Default: 0.01.", rich_help_panel=_RATE
        ),
    ] = None,
    beta1: Annotated[
        float | None,
        typer.Option(
            help="AdamW's decay of the mean gradient. Default: 0.9.", rich_help_panel=_RATE
        ),
    ] = None,
    beta2: Annotated[
        float | None,
        typer.Option(
            help="AdamW's decay of the mean squared gradient. Default: 0.999.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(
            help="Share of the run in which the learning rate rises. Default: 0.02.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    flat: Annotated[
        float | None,
        typer.Option(
            help="Share of the run after which the learning rate falls. Default: 0.3.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    final_share: Annotated[
        float | None,
        typer.Option(
            help="Share of its peak to which the learning rate falls. Default: 0.01.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(
            help="Average the weights over about this share of the run; 0 keeps the last "
            "ones. Default: 0.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(help="Largest gradient norm. Default: 1.", rich_help_panel=_RATE)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of weights, dropout and windows. Default: 1.", rich_help_panel=_RUN
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            help="Number of processor threads. Default: one per core.", rich_help_panel=_RUN
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Device to train on: cpu, cuda, cuda:1 and so on. Default: cpu.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"] | None,
        typer.Option(
            help="Precision of matrix products in training. Default: auto, which is bfloat16 "
            "where the processor has it.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    validations: Annotated[
        int | None,
        typer.Option(
            help="Number of validations over the whole run. Default: 10.", rich_help_panel=_RUN
        ),
    ] = None,
    save_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds between checkpoints. Default: 60.", rich_help_panel=_RUN),
    ] = None,
) -> None:
    """Train on your own text.

    Ctrl-C saves and stops; `--resume` continues from that point.
    """
    given = dict(locals())
    for name in ("text", "out", "valid", "recipe", "resume", "overwrite", "watch", "as_json"):
        del given[name]
    given |= given.pop("reading")
    if out is None:
        raise typer.BadParameter("where should the model go?", param_hint="--out")
    refusal = refusal_for(replaces=resume or overwrite)
    refuse_unclaimable(out, "train", refusal)  # before PyTorch is loaded
    if resume:
        refuse_without_checkpoint(out)
    before = saved(out)
    with loading_torch():
        from foreword.training.run import train as train_model

    def left() -> str:
        if saved(out) == before:
            return f"training had not begun, and nothing was written to {out}"
        return f"{out} holds what was saved last. To go on: foreword train --out {out} --resume"

    with interruptible(left), Watch() as display:
        outcome = train_model(
            text or (),
            out=out,
            valid=valid or (),
            recipe=recipe,
            resume=resume,
            overwrite=overwrite,
            report=display,
            watch=watch,
            **given,
        )
    config = outcome.config
    if as_json:
        print_json({"folder": str(out), **config.model_dump(mode="json")})
    elif config.evaluation is not None:
        results().print(table_of({"model": str(out), **evaluation_rows(config.evaluation)}))
    else:
        results().print(table_of({"model": str(out)}))
    if outcome.stopped_by is not None:
        before_it = ""
        if outcome.is_staged:
            before_it = f" {out} still has the model of before: the new one was not validated yet."
        errors.print(f"stopped and saved.{before_it} To go on: foreword train --out {out} --resume")
        sys.exit(STOPPED.get(outcome.stopped_by, 1))
