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
            help="Files, folders, globs, gzip, or - for standard input. Without: the chats that "
            "come with the package."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The model folder.")
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Text to validate on. Default: the text's last part."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Settings that belong together: see `foreword recipes`. What is given beside it "
            "goes before it.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that DIR holds.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the model that DIR holds, once the new one is validated."
        ),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(help="End after so long. Default: 10 minutes or 40 epochs."),
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="End after so many passes.")] = None,
    steps: Annotated[int | None, typer.Option(help="End after so many steps.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="End after so many validations without improvement.")
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
        typer.Option(help="Default: lstm.", rich_help_panel=_MODEL),
    ] = None,
    hidden_size: Annotated[
        int | None, typer.Option(help="Units of a layer.", rich_help_panel=_MODEL)
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(help="Numbers that stand for a word.", rich_help_panel=_MODEL)
    ] = None,
    num_layers: Annotated[
        int | None, typer.Option(help="Of the cell, or of the MLP.", rich_help_panel=_MODEL)
    ] = None,
    context_words: Annotated[
        int | None, typer.Option(help="Words that mlp-window sees.", rich_help_panel=_MODEL)
    ] = None,
    nonlinearity: Annotated[
        Literal["tanh", "relu"] | None,
        typer.Option(help="Of rnn and the MLPs.", rich_help_panel=_MODEL),
    ] = None,
    reset_after: Annotated[
        bool | None,
        typer.Option(
            "--reset-after/--reset-before",
            help="GRU: where its reset gate acts (torch's way, or the original).",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    tied: Annotated[
        bool | None,
        typer.Option(
            "--tied/--untied",
            help="Use the embedding for the output layer too.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    skip: Annotated[
        bool | None,
        typer.Option(
            "--skip/--no-skip",
            help="Give the output layer the sum of all layers' outputs.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmaxes: Annotated[
        int | None,
        typer.Option(help="Mix so many to a prediction.", rich_help_panel=_MODEL),
    ] = None,
    mogrifier_rounds: Annotated[
        int | None,
        typer.Option(help="lstm: x and h modulate each other so often.", rich_help_panel=_MODEL),
    ] = None,
    mogrifier_rank: Annotated[
        int | None,
        typer.Option(help="Of what modulates; 0: whole matrices.", rich_help_panel=_MODEL),
    ] = None,
    adaptive_clusters: Annotated[
        int | None,
        typer.Option(
            help="Rarer words in so many clusters, scored when needed. With --untied.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    adaptive_head: Annotated[
        int | None,
        typer.Option(help="Common words, in none of them.", rich_help_panel=_MODEL),
    ] = None,
    cell_clip: Annotated[
        float | None,
        typer.Option(
            help="LSTMs: the largest |c|; 0: any. Default: 5 where gates look at it.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    ngram_order: Annotated[
        int | None,
        typer.Option(help="ngram: its longest n-grams' words.", rich_help_panel=_MODEL),
    ] = None,
    ngram_min_count: Annotated[
        int | None,
        typer.Option(
            help="ngram: leave out those of three words and more seen less often.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(help="Input, hidden and output dropout, locked.", rich_help_panel=_MODEL),
    ] = None,
    dropout_input: Annotated[
        float | None, typer.Option(help="On embedded words.", rich_help_panel=_MODEL)
    ] = None,
    dropout_hidden: Annotated[
        float | None, typer.Option(help="Between layers.", rich_help_panel=_MODEL)
    ] = None,
    dropout_output: Annotated[
        float | None, typer.Option(help="On the last layer's outputs.", rich_help_panel=_MODEL)
    ] = None,
    dropout_projected: Annotated[
        float | None,
        typer.Option(help="On what a projection makes of them.", rich_help_panel=_MODEL),
    ] = None,
    dropout_embedding: Annotated[
        float | None, typer.Option(help="Of whole words.", rich_help_panel=_MODEL)
    ] = None,
    dropout_contexts: Annotated[
        float | None,
        typer.Option(help="On the contexts of several softmaxes.", rich_help_panel=_MODEL),
    ] = None,
    dropout_recurrent: Annotated[
        float | None,
        typer.Option(help="DropConnect on recurrent weights.", rich_help_panel=_MODEL),
    ] = None,
    activation_penalty: Annotated[
        float | None,
        typer.Option(help="Times the mean square of outputs.", rich_help_panel=_MODEL),
    ] = None,
    temporal_penalty: Annotated[
        float | None,
        typer.Option(help="Times that of their change in a step.", rich_help_panel=_MODEL),
    ] = None,
    softmax_sample: Annotated[
        int | None,
        typer.Option(
            help="Rarer words that stand for all of them in each window's loss; 0: all.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    softmax_head: Annotated[
        int | None, typer.Option(help="Common words, always scored.", rich_help_panel=_MODEL)
    ] = None,
    softmax_until: Annotated[
        float | None,
        typer.Option(help="Share of the run after which all are.", rich_help_panel=_MODEL),
    ] = None,
    softmax_start: Annotated[
        Literal["frequencies", "equal"] | None,
        typer.Option(help="How likely words are before the first step.", rich_help_panel=_MODEL),
    ] = None,
    pretokenised: Annotated[
        bool | None,
        typer.Option(
            "--pretokenised",
            help="Penn Treebank/WikiText form: words between spaces, one <eos> a line.",
            rich_help_panel=_TEXT,
        ),
    ] = None,
    case: Annotated[
        Literal["keep", "fold"] | None,
        typer.Option(help="Keep upper case, or fold it to lower.", rich_help_panel=_TEXT),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Of the text, such as tr or pt-BR: upper and lower case go by it. Default: found "
            "out from its letters.",
            rich_help_panel=_TEXT,
        ),
    ] = None,
    vocab_size: Annotated[
        int | None, typer.Option(help="The commonest words only.", rich_help_panel=_TEXT)
    ] = None,
    min_count: Annotated[
        int | None, typer.Option(help="Words seen so often only.", rich_help_panel=_TEXT)
    ] = None,
    *,
    reading: ReadingOptions,
    bptt: Annotated[
        Literal["truncated", "sentence"] | None,
        typer.Option(
            help="Truncated, over one stream of text; or in full over each sentence.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    window: Annotated[
        int | None, typer.Option(help="Time steps gradients flow back.", rich_help_panel=_BPTT)
    ] = None,
    jitter: Annotated[
        bool | None,
        typer.Option("--jitter/--no-jitter", help="Vary the window.", rich_help_panel=_BPTT),
    ] = None,
    rotate: Annotated[
        bool | None,
        typer.Option(
            "--rotate/--no-rotate",
            help="Begin streams elsewhere in each pass.",
            rich_help_panel=_BPTT,
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Streams side by side.", rich_help_panel=_BPTT)
    ] = None,
    batch_ramp: Annotated[
        float | None,
        typer.Option(help="Share of the run in which the batch grows.", rich_help_panel=_BPTT),
    ] = None,
    batch_start: Annotated[
        float | None,
        typer.Option(help="Share of the batch that it grows from.", rich_help_panel=_BPTT),
    ] = None,
    window_ramp: Annotated[
        float | None,
        typer.Option(help="Share of the run in which the window grows.", rich_help_panel=_BPTT),
    ] = None,
    window_start: Annotated[
        float | None,
        typer.Option(help="Share of the window that it grows from.", rich_help_panel=_BPTT),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Its peak. Default: by the architecture.", rich_help_panel=_RATE),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="AdamW's, on matrices.", rich_help_panel=_RATE)
    ] = None,
    beta1: Annotated[
        float | None, typer.Option(help="AdamW's, of the mean.", rich_help_panel=_RATE)
    ] = None,
    beta2: Annotated[
        float | None, typer.Option(help="AdamW's, of the mean square.", rich_help_panel=_RATE)
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(help="Share of the run in which the rate rises.", rich_help_panel=_RATE),
    ] = None,
    flat: Annotated[
        float | None,
        typer.Option(help="Share of the run after which it falls.", rich_help_panel=_RATE),
    ] = None,
    final_share: Annotated[
        float | None, typer.Option(help="Of its peak, to which it falls.", rich_help_panel=_RATE)
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(
            help="Keep a mean of the weights over about this share of the run.",
            rich_help_panel=_RATE,
        ),
    ] = None,
    clip: Annotated[
        float | None, typer.Option(help="Largest gradient norm.", rich_help_panel=_RATE)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, dropout and windows.", rich_help_panel=_RUN)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Of the processor.", rich_help_panel=_RUN)
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1...", rich_help_panel=_RUN)
    ] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"] | None,
        typer.Option(help="Of matrix products in training.", rich_help_panel=_RUN),
    ] = None,
    validations: Annotated[
        int | None, typer.Option(help="Over the whole run.", rich_help_panel=_RUN)
    ] = None,
    save_seconds: Annotated[
        float | None, typer.Option(help="Between checkpoints.", rich_help_panel=_RUN)
    ] = None,
) -> None:
    """Train on your own text.

    Ctrl-C saves and stops; `--resume` goes on from there.
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
