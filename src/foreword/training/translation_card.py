"""The model card of a translation model, written from its configuration."""

from foreword.folder.config import TranslationFolderConfig
from foreword.training.card import training_lines
from foreword.visible import as_markdown


def translation_card(config: TranslationFolderConfig) -> str:
    """Return the card in Markdown: what the model translates, its training and its quality."""
    model = config.model
    languages = " to ".join(code for code in (config.source_language, config.target_language))
    title = (
        f"# A translation model: {languages}"
        if languages.strip() != "to"
        else ("# A translation model")
    )
    looks = (
        "without attention"
        if not model.looks
        else f"with {model.attention} attention of {model.heads} "
        f"{'head' if model.heads == 1 else 'heads'}"
    )
    lines = [
        "---",
        "library_name: foreword",
        "pipeline_tag: translation",
        "tags: [translation, recurrent-neural-network]",
        "---",
        "",
        title,
        "",
        f"An encoder and a decoder of the cell {model.cell}, {looks}, translate sentence by "
        f"sentence. {model.vocab_size:,} sub-words, {model.hidden_size} units in "
        f"{model.encoder_layers} encoder and {model.decoder_layers} decoder layers.",
        "",
        *(training_lines(config.training) if config.training is not None else []),
        *_quality(config),
        "## Use",
        "",
        "```sh",
        'foreword translate . "A sentence."',
        "```",
        "",
        "## Limits and privacy",
        "",
        "It says what its training pairs would have said, with their errors and prejudices, and "
        "may leave out or invent parts of a sentence. A model can repeat sentences that it was "
        "trained on: share it with those only who may read them. The folder `training/` is "
        "needed to continue training; it names the texts' files. Remove it before sharing the "
        "model.",
        "",
    ]
    return "\n".join(lines)


def _quality(config: TranslationFolderConfig) -> list[str]:
    evaluation = config.evaluation
    if evaluation is None:
        return ["## Quality", "", "Not measured.", ""]
    bleu = (
        []
        if evaluation.bleu is None
        else [
            f"BLEU {evaluation.bleu:.1f} (`{evaluation.signatures['bleu']}`), chrF2 "
            f"{evaluation.chrf:.1f}, TER {evaluation.ter:.1f}; beams: {evaluation.beams}.",
            "",
        ]
    )
    return [
        "## Quality",
        "",
        f"On {as_markdown(evaluation.text)}, {evaluation.pairs:,} pairs: perplexity "
        f"{evaluation.perplexity:.2f} per sub-word, {evaluation.top1:.1%} of the sub-words right "
        "given those before.",
        "",
        *bleu,
    ]
