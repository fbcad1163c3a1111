"""The model card: a model folder's README.md, written from its configuration."""

import math

from foreword.folder.architecture import DESCRIPTIONS
from foreword.folder.config import (
    CanaryRecord,
    Evaluation,
    FederatedRecord,
    FolderConfig,
    ModelConfig,
    NgramConfig,
    TrainingRecord,
)
from foreword.models.build import count_parameters
from foreword.visible import as_markdown

MANY = 20.0
"""The epsilon above which e^epsilon is too large to be meaningful."""


def model_card(config: FolderConfig) -> str:
    """Return the card in Markdown: what the model is, its training, its quality and its use."""
    model = config.model
    if isinstance(model, NgramConfig):
        means = f"the {model.order - 1} words before it"
        counted = ", ".join(f"{n:,} of {k} words" for k, n in enumerate(model.ngrams, 2))
        size = f"{counted or 'No n-grams of several words'}"
    else:
        means = DESCRIPTIONS[model.name].about
        size = (
            f"{count_parameters(model):,} parameters, {model.num_layers} "
            f"{'layer' if model.num_layers == 1 else 'layers'} of {model.hidden_size} units"
            + "".join(f", {option}" for option in _options(model))
        )
    case = "kept" if config.tokenizer.case == "keep" else "folded to lower case"
    lines = [
        "---",
        "library_name: foreword",
        "pipeline_tag: text-generation",
        "tags: [next-word-prediction, recurrent-neural-network]",
        "---",
        "",
        f"# A next-word model: {model.name}",
        "",
        f"It predicts the next word with {means}. {size}; {model.vocab_size:,} words, case {case}.",
        "",
        *(training_lines(config.training) if config.training is not None else []),
        *_quality(config.evaluation),
        "## Use",
        "",
        "```sh",
        'foreword predict . "I would like to"',
        "```",
        "",
        "```python",
        "import foreword",
        "",
        'foreword.load(".").predict("I would like to", k=3)',
        "```",
        "",
        "## Limits and privacy",
        "",
        "It says what its training text would have said, with that text's errors and prejudices. "
        "A model can repeat rare sentences that it was trained on: share it with those only who "
        "may read the text. The folder `training/` serves to go on training; it names the text's "
        "files. Remove it before sharing the model.",
        "",
    ]
    return "\n".join(lines)


def _options(model: ModelConfig) -> list[str]:
    options = []
    if model.skip:
        options.append("the output layer sees the sum of all layers' outputs (Melis et al. 2018)")
    if model.softmaxes > 1:
        options.append(f"a mixture of {model.softmaxes} softmaxes (Yang et al. 2018)")
    if model.clusters:
        options.append(
            f"an adaptive softmax: {model.adaptive_head:,} words, the others in "
            f"{model.adaptive_clusters} clusters (Grave et al. 2017)"
        )
    if model.cell_clip:
        options.append(f"a memory of at most {model.cell_clip:g} (Sak et al. 2014)")
    if model.mogrifier_rounds:
        options.append(f"{model.mogrifier_rounds} Mogrifier rounds (Melis et al. 2020)")
    options += [f"{name} {value}" for name, value in model.cell_options.items()]
    return options


def training_lines(record: TrainingRecord) -> list[str]:
    """Return the section on training."""
    if record.federated is not None:
        return federated_lines(record, record.federated)
    state = "" if record.finished else " Training has not finished; these are the best weights yet."
    return [
        "## Training",
        "",
        f"Trained on {as_markdown(record.text)}: {record.words:,} words, read "
        f"{record.epochs:.1f} times in {record.steps:,} steps and {record.seconds / 60:.1f} "
        f"minutes, by backpropagation through time, with torch {record.torch_version}, "
        f"seed {record.seed}.{state}",
        "",
    ]


def federated_lines(record: TrainingRecord, federated: FederatedRecord) -> list[str]:
    """Return the sections on federated training and on the privacy of each person."""
    optimiser = {
        "fedavg": "federated averaging (McMahan et al. 2017)",
        "fedadam": "FedAdam (Reddi et al. 2021)",
    }[federated.server]
    state = "" if record.finished else " Training has not finished; these are the weights so far."
    return [
        "## Training",
        "",
        f"Begun from {as_markdown(federated.base)}. {_text_of_people(record, federated)} by "
        f"{optimiser}: {record.steps:,} of {federated.rounds:,} rounds of {federated.clients:,} "
        f"people, in {record.seconds / 60:.1f} minutes, with torch {record.torch_version}, seed "
        f"{record.seed}. A person took part at most once in {federated.separation:,} rounds, with "
        f"{federated.person_words:,} words at most; the change of weights that they sent had an L2 "
        f"norm of {federated.clip:g} at most. {federated.received:,} changes were used, and "
        f"{federated.dropped:,} that could not be were dropped.{state}",
        "",
        "## Differential privacy",
        "",
        *_privacy(federated),
        *(_canaries(federated.canaries) if federated.canaries is not None else []),
    ]


def _text_of_people(record: TrainingRecord, federated: FederatedRecord) -> str:
    text = as_markdown(record.text)
    if federated.simulated:
        return (
            f"Trained on {text}, {record.words:,} words of {federated.people:,} people, simulated "
            "on one machine"
        )
    return (
        f"Trained on {text}, of which devices of {federated.people:,} people read "
        f"{record.words:,} words in all rounds, each their own"
    )


def _privacy(federated: FederatedRecord) -> list[str]:
    privacy = federated.privacy
    if privacy is None:
        return [
            "None. Changes were added up without noise: the weights may tell what a person wrote.",
            "",
        ]
    factor = f"e^{privacy.epsilon:.4g}"
    if privacy.epsilon < MANY:
        factor += f" = {math.exp(privacy.epsilon):,.1f}"
    lines = [
        f"With epsilon = {privacy.epsilon:.4g} and delta = {privacy.delta:.2g}, for each person "
        "(DP-FTRL with tree aggregation, Kairouz et al. 2021). But for a chance of delta, what "
        f"anybody sees in the weights after all {federated.rounds:,} rounds is at most {factor} "
        "times as likely with all of a person's text as with none of it, and the other way round. "
        "This holds if:",
        "",
        "- A person's text is one client's: whoever is two clients has less privacy.",
        f"- A person takes part in {privacy.participations:,} of {federated.rounds:,} rounds at "
        f"most, and once in {federated.separation:,} at most. The L2 norm of their part in all "
        f"nodes of the tree then is {privacy.sensitivity:.4g} x {federated.clip:g} at most. The "
        f"noise in each node is Gaussian with a standard deviation of {privacy.noise:.4g} x "
        f"{federated.clip:g}.",
        "- Two trainings are compared of which one has a person's changes and the other has zeros "
        "in their place (zero-out adjacency). The list of people is the same, and so is the choice "
        "of those who take part; no privacy is drawn from that choice being secret.",
        "- The server is trusted: it saw each change, and added the noise itself.",
        "- Nobody attacks how the noise was drawn: in float32, by a generator that is not "
        "cryptographic.",
    ]
    if privacy.seed_is_known:
        lines.append(
            "- The seed of the noise stays unknown. It was given by hand in this run: whoever "
            "knows it can take the noise out, and for them the figures do not hold."
        )
    lines += [
        "",
        "Not covered: the numbers in this card; its measure of quality, and settings that were "
        f"chosen by trials on the same text; and what {as_markdown(federated.base)} was trained "
        "on, from which the vocabulary comes.",
        "",
    ]
    return lines


def _canaries(canaries: CanaryRecord) -> list[str]:
    """Return the section on sentences that were planted to test whether the model learns them."""
    most = math.log2(canaries.alternatives + 1)
    having = canaries.sentences * canaries.people
    measured = "Their exposure has not been measured, as training has not ended."
    if canaries.exposures:
        told = ", ".join(f"{exposure:.1f}" for exposure in canaries.exposures)
        measured = f"Exposures in bits: {told}."
    return [
        "## Canaries",
        "",
        f"This model is an experiment: {canaries.sentences:,} sentences of {canaries.words} random "
        f"words were planted in people's text, each {canaries.repeats:,} times in that of "
        f"{canaries.people:,} (Carlini et al. 2019). Of the {having:,} people who had "
        f"one, {canaries.took_part:,} took part in a round or more. {measured}",
        "",
        "- Each word was drawn uniformly from the vocabulary, and so were those of "
        f"{canaries.alternatives:,} other sentences, which were in nobody's text. All of these and "
        "the sentence itself are ranked by the perplexity that the model gives them as the first "
        f"words of a text. Exposure is log2({canaries.alternatives + 1:,} / rank): {most:.1f} bits "
        "if the sentence is the most probable, which is the most that so many alternatives can "
        "show.",
        "- A sentence that nobody had would get 1.4 bits on average, and more than b bits with a "
        "chance of 2^-b.",
        "- High exposure shows that the model can tell what a person wrote. Low exposure shows "
        "nothing about other sentences or other ways to ask the model.",
        "",
    ]


def _quality(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None:
        return ["## Quality", "", "Not measured.", ""]
    return [
        "## Quality",
        "",
        f"On {as_markdown(evaluation.text)} ({evaluation.words:,} words, `<eos>` and `<unk>` "
        f"included, {evaluation.out_of_vocabulary:.1%} outside the vocabulary):",
        "",
        "| perplexity | bits per word | top 1 | top 3 | top 5 | mean reciprocal rank |",
        "|---|---|---|---|---|---|",
        f"| {evaluation.perplexity:.1f} | {evaluation.cross_entropy_bits:.2f} | "
        f"{evaluation.top1:.1%} | {evaluation.top3:.1%} | {evaluation.top5:.1%} | "
        f"{evaluation.mean_reciprocal_rank:.3f} |",
        "",
    ]
