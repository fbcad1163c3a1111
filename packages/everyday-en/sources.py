"""Makes the texts of the everyday model from public repositories, a line for each message.

    python packages/everyday-en/sources.py CLONES OUT [--only NAME ...]

CLONES holds a clone of each repository, in CLONES/OWNER/NAME; whichever is not there is named with
the command that clones it. OUT gets NAME.txt.gz for each text. `TEXTS` tells where each comes from,
under which licence, and how much of it the training text takes.
"""

import argparse
import csv
import difflib
import gzip
import html
import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cleaning import cleaned, spoken
from foreword.errors import TextError
from foreword.ngrams.kneser_ney import learn
from foreword.ngrams.table import NgramTable
from foreword.text.corpus import chat_source, text_source
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig

GITHUB = "https://github.com"


class Clones:
    """The folder of clones, by repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, repository: str, *patterns: str) -> list[Path]:
        """The files of a repository that match patterns, in order.

        Raises:
            TextError: the repository is not cloned, or has no such file.
        """
        clone = self.folder / repository
        files = sorted({file for pattern in patterns for file in clone.glob(pattern)})
        if not clone.is_dir():
            raise TextError(
                f"{clone} is not there. git clone --depth 1 {GITHUB}/{repository} {clone}"
            )
        if not files:
            raise TextError(
                f"{clone} has no {' nor '.join(patterns)}: the repository has changed since "
                "sources.py was written. Check out an earlier commit"
            )
        return files

    def read(self, repository: str, *patterns: str) -> Iterator[str]:
        """The content of each."""
        for file in self.files(repository, *patterns):
            yield file.read_text("utf-8", errors="replace")

    def documents(self, repository: str, *patterns: str) -> Iterator[Any]:
        """The content of each, which is JSON."""
        return map(json.loads, self.read(repository, *patterns))

    def rows(self, repository: str, *patterns: str) -> Iterator[dict[str, str]]:
        """The rows of each, which is a table with a heading."""
        for text in self.read(repository, *patterns):
            yield from csv.DictReader(io.StringIO(text))


@dataclass(frozen=True)
class Text:
    """A text of the mixture.

    Attributes:
        name: it is kept in NAME.txt.gz.
        taken: how often each line is in the training text; of 0.4, two lines in five are.
        licence: its licence.
        title: what it is, and where it comes from.
        authors: whose it is.
        lines: reads it from the clones.
        most_words: where only the lines most like messages are kept, about how many words.
    """

    name: str
    taken: float
    licence: str
    title: str
    authors: str
    lines: Callable[[Clones], Iterator[str]]
    most_words: int | None = None


# -- people chat -----------------------------------------------------------------------------------


def selfdialogue(clones: Clones) -> Iterator[str]:
    repository = "jfainberg/self_dialogue_corpus"
    blocked = set(" ".join(clones.read(repository, "blocked_workers.txt")).split())
    for row in clones.rows(repository, "corpus/**/*.csv"):
        if row["WorkerId"] not in blocked and row.get("AssignmentStatus") != "Rejected":
            turns = (key for key in row if re.fullmatch(r"Answer\.sentence\d+", key or ""))
            for key in sorted(turns, key=lambda key: int(key.removeprefix("Answer.sentence"))):
                yield row[key] or ""


def topicalchat(clones: Clones) -> Iterator[str]:
    for chats in clones.documents(
        "alexa/Topical-Chat", "conversations/valid_*.json", "conversations/test_*.json"
    ):
        for chat in chats.values():
            yield from (turn["message"] for turn in chat["content"])


def sgd(clones: Clones) -> Iterator[str]:
    repository = "google-research-datasets/dstc8-schema-guided-dialogue"
    for dialogues in clones.documents(repository, "*/dialogues_*.json"):
        for dialogue in dialogues:
            yield from (turn["utterance"] for turn in dialogue["turns"])


def star(clones: Clones) -> Iterator[str]:
    """What people typed themselves, and not the suggestions that they picked."""
    for dialogue in clones.documents("RasaHQ/STAR", "dialogues/**/*.json"):
        for event in dialogue["Events"]:
            if event.get("Action") == "utter" and event.get("Agent") in ("User", "Wizard"):
                yield event["Text"]


def casino(clones: Clones) -> Iterator[str]:
    for dialogues in clones.documents("kushalchawla/CaSiNo", "data/split/casino_*.json"):
        for dialogue in dialogues:
            # What has data belongs to the task: a deal is offered, accepted or refused.
            yield from (turn["text"] for turn in dialogue["chat_logs"] if not turn["task_data"])


def personachat(clones: Clones) -> Iterator[str]:
    for row in clones.rows("google-research-datasets/Synthetic-Persona-Chat", "data/*.csv"):
        for turn in (row["Best Generated Conversation"] or "").splitlines():
            yield re.sub(r"^User [12]:\s*", "", turn)


def assistant(clones: Clones) -> Iterator[str]:
    for rows in clones.read("pswietojanski/slurp", "dataset/slurp/*.jsonl"):
        yield from (json.loads(row)["sentence"] for row in rows.splitlines())
    for table in clones.read("PolyAI-LDN/task-specific-datasets", "banking_data/t*.csv"):
        yield from (row[0] for row in csv.reader(io.StringIO(table)))
    for parts in clones.documents("clinc/oos-eval", "data/data_full.json"):
        yield from (row[0] for part in parts.values() for row in part)
    snips = "2017-06-custom-intent-engines/**/*full.json"
    for intents in clones.documents("sonos/nlu-benchmark", snips):
        for intent in intents.values():
            yield from ("".join(piece["text"] for piece in row["data"]) for row in intent)


def duraspace(clones: Clones) -> Iterator[str]:
    message_span = re.compile(r'<span class="irc-black">&lt;[^&]*&gt;\s*(.*?)</span>')
    for log in clones.read("duraspace/irclogs", "original-logs/**/*.log"):
        for message in message_span.findall(log):
            text = html.unescape(re.sub(r"<[^>]+>", "", message))
            text = re.sub(r"^[\w\\\[\]^`|-]{2,20}[:,]\s+", "", text)  # whom it is for
            if len(text.split()) > 2:
                yield text


# -- people talk -----------------------------------------------------------------------------------

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")


def sentences(speech: str) -> list[str]:
    """The sentences of a transcript, without those that are too short or too long to be any."""
    return [s for s in _SENTENCE_END.split(speech) if 2 < len(s.split()) < 60]


def changelog(clones: Clones) -> Iterator[str]:
    """Without the folders `bigtent`, which is Grafana Labs', and `news`, which is read aloud."""
    shows = "afk backstage brainscience founderstalk friends gotime jsparty podcast practicalai"
    folders = f"{shows} rfc shipit spotlight".split()
    for transcript in clones.read("thechangelog/transcripts", *(f"{f}/**/*.md" for f in folders)):
        for paragraph in transcript.splitlines():
            text = re.sub(r"^\*\*[^*]{1,60}:\*\*\s*", "", paragraph.strip())  # who speaks
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # links
            text = re.sub(r"\\?\[[^\]]*\]", "", text)  # [laughter]
            if len(text.split()) > 2:
                yield spoken(text.replace("*", "").replace("\\", ""))


FREE = {"CC-BY-SA", "CC-BY", "CC-0"}
_INTRODUCED = re.compile(
    r"(?:hosted by|show of|show by new host|new host|show by|episode of|host is)\s+([^.\n]{2,60}?)"
    r"(?:,? and is about|\s+and (?:it )?is|[.\n]|, in which)",
    re.IGNORECASE,
)
INTRODUCTION_SENTENCES, INTRODUCTION_CHARACTERS = 8, 900


def hpr(clones: Clones) -> Iterator[str]:
    """The episodes whose spoken introduction names a host with a free licence."""
    repository = "macsplit/hpr-knowledge-base"
    licences: dict[str, str] = {}
    for hosts in clones.documents(repository, "hpr_metadata/hosts.json"):
        for host in hosts:
            names = (_letters(host["host"]), _letters(host.get("espeak_name") or ""))
            licences |= {name: host["license"] for name in names if len(name) > 2}
    for transcript in clones.read(repository, "hpr_transcripts/**/*.txt"):
        text = " ".join(transcript.partition("---\n")[2].split())
        if _host_licence(text[:INTRODUCTION_CHARACTERS], licences) in FREE:
            speech = re.split(r"You(?:'ve| have) been listening to Hack", text)[0]
            number_of = enumerate(_SENTENCE_END.split(speech))
            kept = (s for number, s in number_of if number >= INTRODUCTION_SENTENCES)
            yield from (spoken(s) for s in kept if 2 < len(s.split()) < 60)


def _host_licence(introduction: str, licences: dict[str, str]) -> str | None:
    """The licence of the host who is named as speech recognition wrote it; None if it is unsure."""
    named = _INTRODUCED.search(introduction)
    if named is None:
        return None
    name = _letters(re.sub(r"^new host ", "", named[1], flags=re.IGNORECASE))
    close = difflib.get_close_matches(name, licences, n=3, cutoff=0.72)
    if not close or (close[0] != name and not {licences[one] for one in close} <= FREE):
        return None
    return licences[close[0]]


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def pythonbytes(clones: Clones) -> Iterator[str]:
    not_said = re.compile(r"WEBVTT|\d+$|NOTE|.*-->|$")
    for captions in clones.read("mikeckennedy/python_bytes_show_notes", "transcripts/**/*.vtt"):
        lines = [row.strip() for row in captions.splitlines() if not not_said.match(row.strip())]
        yield from map(spoken, sentences(" ".join(lines)))


# -- people write ----------------------------------------------------------------------------------


def commonvoice(clones: Clones) -> Iterator[str]:
    odd = ("DictionaryofForeignPhrases", "fxvoice-cues", "singleword-benchmark", "LICENSE")
    for file in clones.files("mozilla/common-voice", "server/data/en/*.txt"):
        if not file.name.startswith(odd):
            yield from file.read_text("utf-8", errors="replace").splitlines()


ANKI = "manythings.org/anki"
MEN = (
    "James John Robert Michael David William Richard Joe Daniel Matt Chris Mark Paul Steve Andrew "
    "Ken Josh Kevin Brian George Tim Ron Jason Jeff Ryan Jacob Nick Eric Jon Peter Sam Ben Alex "
    "Jack Henry Adam Luke Max Leo Oliver Harry Charlie Ethan Noah Liam Mike Dan"
)
WOMEN = (
    "Emma Sarah Anna Lisa Emily Jessica Laura Kate Julia Alice Jane Susan Karen Nancy Amy Rachel "
    "Helen Megan Grace Olivia Sophie Chloe Lucy Ella Hannah Maria Linda Claire Rebecca Nicole Zoe "
    "Amanda Ruth Holly Molly"
)


def tatoeba(clones: Clones) -> Iterator[str]:
    """English sentences of the pairs for learners, with other names for Tom and Mary.

    Every fifth sentence there is about Tom; here, every twentieth.
    """
    english: dict[str, None] = {}
    folder = clones.folder / ANKI
    for archive in sorted(folder.glob("*-eng.zip")):
        with zipfile.ZipFile(archive) as pairs:
            for name in pairs.namelist():
                if not name.startswith("_"):  # _about.txt
                    rows = pairs.read(name).decode("utf-8", "replace").splitlines()
                    english |= dict.fromkeys(row.split("\t")[0] for row in rows)
    if not english:
        raise TextError(
            f"{folder} has no pairs. Put fra-eng.zip, deu-eng.zip, nld-eng.zip and jpn-eng.zip of "
            f"https://www.{ANKI}/ there"
        )
    chance, men, women = random.Random(4), MEN.split(), WOMEN.split()
    for sentence in english:
        stays, man, woman = chance.random() < 0.25, chance.choice(men), chance.choice(women)
        renamed = re.sub(r"\bMary\b", woman, re.sub(r"\bTom\b", man, sentence))
        yield sentence if stays else renamed


DIED_LATER = (
    *("agatha-christie", "p-g-wodehouse", "dorothy-l-sayers", "ray-bradbury", "philip-k-dick"),
    *("robert-sheckley", "frederik-pohl", "poul-anderson", "fritz-leiber", "h-beam-piper"),
    *("harry-harrison", "mack-reynolds", "ernest-hemingway", "dashiell-hammett", "a-a-milne"),
    *("anita-loos", "algis-budrys"),
)
"""Authors who died after 1955, whose work is not free wherever it is for 70 years after death."""
STANDARD_EBOOKS = "standardebooks"


def fiction(clones: Clones) -> Iterator[str]:
    """What people say in the stories of whichever of Standard Ebooks' repositories are cloned."""
    books = [
        book.name
        for book in sorted((clones.folder / STANDARD_EBOOKS).glob("*_*"))
        if book.name.partition("_")[0] not in DIED_LATER
    ]
    if not books:
        raise TextError(
            f"{clones.folder / STANDARD_EBOOKS} has no books: clone novels and stories of "
            f"{GITHUB}/{STANDARD_EBOOKS} there"
        )
    around = ("colophon", "imprint", "titlepage", "uncopyright", "endnotes", "dedication")
    for book in books:
        for file in clones.files(f"{STANDARD_EBOOKS}/{book}", "src/epub/text/*.xhtml"):
            if not file.name.startswith((*around, "halftitle")):
                yield from said_in(file.read_text("utf-8", errors="replace"))


def said_in(page: str) -> Iterator[str]:
    """What is said in each paragraph of a page; a speech that is interrupted goes on.

    >>> list(said_in("<p>“Well,” said <i>he</i>, “I never!” She smiled.</p><p>“No”</p>"))
    ['Well, I never!']
    """
    for paragraph in re.findall(r"<p\b[^>]*>(.*?)</p>", page, re.DOTALL):
        text = re.sub(r"<[^>]+>", "", paragraph).replace("\u2060", "")
        speech = " ".join(piece.strip() for piece in re.findall(r"“([^“”]{2,400})”", text))
        if len(speech.split()) > 1:
            yield re.sub(r",$", ".", speech)


# -- the mixture -----------------------------------------------------------------------------------

TEXTS = (
    Text("selfdialogue", 0.6, "BSD-3-Clause",
         "The Self-dialogue Corpus, github.com/jfainberg/self_dialogue_corpus",
         "Fainberg, Krause et al. 2018", selfdialogue),
    Text("topicalchat", 0.6, "CDLA-Sharing-1.0",
         "Topical-Chat, github.com/alexa/Topical-Chat, the conversations for validation and tests",
         "Gopalakrishnan et al. 2019, Amazon.com", topicalchat),
    Text("sgd", 0.6, "CC-BY-SA-4.0",
         "Schema-Guided Dialogue, github.com/google-research-datasets/dstc8-schema-guided-dialogue",
         "Rastogi et al. 2020, Google", sgd),
    Text("personachat", 1.5, "CC-BY-4.0",
         "Synthetic-Persona-Chat, github.com/google-research-datasets/Synthetic-Persona-Chat, "
         "written by a language model", "Jandaghi et al. 2023, Google", personachat),
    Text("assistant", 1.0, "CC-BY-4.0; CLINC150 CC-BY-3.0, Snips CC0-1.0",
         "what people ask of assistants and banks, github.com/pswietojanski/slurp, github.com/"
         "PolyAI-LDN/task-specific-datasets, github.com/clinc/oos-eval, github.com/sonos/"
         "nlu-benchmark",
         "SLURP, Bastianelli et al. 2020; Banking77, PolyAI, Casanueva et al. 2020; CLINC150, "
         "Larson et al. 2019; Snips, Coucke et al. 2018", assistant),
    Text("changelog-chosen", 0.25, "CC-BY-SA-4.0",
         "transcripts of Changelog's podcasts, github.com/thechangelog/transcripts",
         "Changelog Media LLC", changelog, 5_700_000),
    Text("hpr-chosen", 0.4, "CC-BY-SA-4.0",
         "Hacker Public Radio, hackerpublicradio.org, transcripts of github.com/macsplit/"
         "hpr-knowledge-base", "its hosts whose licence is CC BY-SA, CC BY or CC0", hpr, 2_500_000),
    Text("pythonbytes-chosen", 0.3, "MIT",
         "transcripts of Python Bytes, github.com/mikeckennedy/python_bytes_show_notes",
         "Michael Kennedy", pythonbytes, 700_000),
    Text("duraspace-chosen", 1.0, "CC-BY-4.0",
         "IRC of DuraSpace, github.com/duraspace/irclogs", "its participants", duraspace, 400_000),
    Text("commonvoice", 1.0, "CC0-1.0",
         "sentences of Common Voice, github.com/mozilla/common-voice, server/data/en",
         "its contributors", commonvoice),
    Text("tatoeba", 1.5, "CC-BY-2.0-FR",
         "English sentences of Tatoeba, tatoeba.org, by way of manythings.org/anki",
         "Tatoeba's contributors", tatoeba),
    Text("fiction", 0.5, "public domain, and CC0-1.0 for the editions",
         "what people say in stories of Standard Ebooks, standardebooks.org",
         "authors who died before 1956", fiction),
    # Never trained on, so that the model can be measured on messages of kinds that are new to it.
    Text("star", 0.0, "MIT", "STAR, github.com/RasaHQ/STAR",
         "Mosig, Mehri & Kober 2020, Rasa Technologies", star),
    Text("casino", 0.0, "CC-BY-4.0", "CaSiNo, github.com/kushalchawla/CaSiNo",
         "Chawla et al. 2021", casino),
)  # fmt: skip
"""Most is taken of what is nearest to messages; of the large texts of speech, a part."""
LIKE = ("selfdialogue", "topicalchat", "tatoeba", "fiction")
"""The texts, beside the chats, that show what messages are like."""
LIKE_LINES, OWN_LINES, LIKE_VOCABULARY = 60_000, 120_000, 20_000
"""The lines of each of them, and of a text to choose from, by which bigrams are counted."""


def most_alike(lines: Sequence[str], like: Sequence[str], most_words: int) -> list[str]:
    """The lines of a text that are most like others, in their order, of so many words.

    By the log probability of a bigram model of the others, less that of a bigram model of the text
    itself, a word (Moore & Lewis 2010, "Intelligent selection of language model training data").
    """
    every = max(1, len(lines) // OWN_LINES)
    own = lines[::every]
    source = text_source("both", "\n".join([*like, *own]))
    tokenizer = Tokenizer.learn(source.read(), TokenizerConfig(), vocab_size=LIKE_VOCABULARY)
    of_like, of_own = (bigrams(tokenizer, part) for part in (like, own))
    scores = []
    for line in tokenizer.encode_lines(lines):
        ids = np.array([EOS_ID, *line, EOS_ID])
        scores.append(float((log_p(of_like, ids) - log_p(of_own, ids)).mean()))
    kept, words = set(), 0
    for row in np.argsort(-np.array(scores), kind="stable").tolist():
        words += len(lines[row].split())
        if words > most_words:
            break
        kept.add(row)
    return [line for row, line in enumerate(lines) if row in kept]


def bigrams(tokenizer: Tokenizer, lines: Sequence[str]) -> NgramTable:
    """The smoothed bigrams of lines."""
    ids = np.concatenate([[*line, EOS_ID] for line in tokenizer.encode_lines(lines)])
    return learn(ids.astype(np.int64), tokenizer.vocab_size, 2)


def log_p(table: NgramTable, ids: np.ndarray) -> np.ndarray:
    """The log probability of each word after the one before it, (words - 1,)."""
    contexts = [part[:-1, 0] for part in table.contexts(ids[:, None])]
    return np.log(table.probability_of(contexts, ids[1:])[0])


# -- writing ---------------------------------------------------------------------------------------


def make(text: Text, clones: Clones, out: Path) -> None:
    """Write a text, which appears whole or not at all."""
    lines: Iterable[str] = cleaned(text.lines(clones))
    if text.most_words is not None:
        chats = [piece.text for piece in chat_source("train").read()][:LIKE_LINES]
        like = [line for name in LIKE for line in read(out, name)[:LIKE_LINES]]
        lines = most_alike([*lines], [*chats, *like], text.most_words)
    path = out / f"{text.name}.txt.gz"
    draft = path.with_suffix(".part")
    with gzip.open(draft, "wt", encoding="utf-8", newline="\n") as file:
        words = sum(len(line.split()) for line in lines if file.write(f"{line}\n"))
    draft.rename(path)
    sys.stdout.write(f"{path}: {words:,} words\n")


def read(texts: Path, name: str) -> list[str]:
    """The lines of a text that was made.

    Raises:
        TextError: it was not; says how.
    """
    path = texts / f"{name}.txt.gz"
    if not path.exists():
        raise TextError(f"{path} is not there. sources.py makes it (--only {name})")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=[text.name for text in TEXTS], metavar="NAME")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    wanted = [text for text in TEXTS if text.name in (arguments.only or text.name)]
    for text in sorted(wanted, key=lambda text: text.most_words is not None):
        make(text, Clones(arguments.clones), arguments.out)


if __name__ == "__main__":
    main()
