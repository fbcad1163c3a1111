"""The everyday model's texts, read from small repositories in the formats of the real ones."""

import doctest
import gzip
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from foreword.errors import TextError

SLURP, BANKING = "pswietojanski/slurp", "PolyAI-LDN/task-specific-datasets"
CLINC, SNIPS = "clinc/oos-eval", "sonos/nlu-benchmark"
HPR, DIALOGUE = "macsplit/hpr-knowledge-base", "jfainberg/self_dialogue_corpus"
SGD = "google-research-datasets/dstc8-schema-guided-dialogue"
PERSONA = "google-research-datasets/Synthetic-Persona-Chat"


@pytest.fixture(scope="module")
def sources(everyday: Callable[[str], ModuleType]) -> ModuleType:
    return everyday("sources")


@pytest.fixture(scope="module")
def cleaning(everyday: Callable[[str], ModuleType]) -> ModuleType:
    return everyday("cleaning")


FILES: dict[str, dict[str, object]] = {
    "selfdialogue": {
        f"{DIALOGUE}/blocked_workers.txt": "W1\nW2",
        f"{DIALOGUE}/corpus/music/music.csv": (
            "WorkerId,AssignmentStatus,Answer.sentence2,Answer.sentence1,Answer.sentence10\n"
            'W3,Approved,"Yes, it is.",Is it really?,Bye.\nW2,Approved,No,No,No\n'
            "W4,Rejected,No,No,No\n"
        ),
    },
    "topicalchat": {
        "alexa/Topical-Chat/conversations/valid_freq.json": {
            "t_1": {"content": [{"message": "Do you like jazz?", "agent": "agent_1"}]}
        },
        "alexa/Topical-Chat/conversations/train.json": {
            "t_2": {"content": [{"message": "Not this."}]}
        },
    },
    "sgd": {
        f"{SGD}/train/dialogues_001.json": [{"turns": [{"utterance": "A table for two."}]}],
        f"{SGD}/train/schema.json": [],
    },
    "star": {
        "RasaHQ/STAR/dialogues/1.json": {
            "Events": [
                {"Action": "utter", "Agent": "User", "Text": "I lost my card!"},
                {"Action": "pick_suggestion", "Agent": "Wizard", "Text": "Not this."},
                {"Action": "utter", "Agent": "KnowledgeBase", "Text": "Nor this."},
            ]
        }
    },
    "casino": {
        "kushalchawla/CaSiNo/data/split/casino_train.json": [
            {
                "chat_logs": [
                    {"text": "I need the firewood.", "task_data": {}},
                    {"text": "Submit-Deal", "task_data": {"issue2youget": {"Water": "1"}}},
                ]
            }
        ]
    },
    "personachat": {
        f"{PERSONA}/data/valid.csv": (
            'user 1 personas,Best Generated Conversation\nx,"User 1: Hi!\nUser 2: Hello: you?"\n'
        )
    },
    "assistant": {
        f"{SLURP}/dataset/slurp/train.jsonl": '{"sentence": "wake me at five"}\n',
        f"{BANKING}/banking_data/train.csv": '"Where is it, please?",card\n',
        f"{CLINC}/data/data_full.json": {"train": [["say hello", "greet"]], "oos_val": []},
        f"{SNIPS}/2017-06-custom-intent-engines/PlayMusic/train_PlayMusic_full.json": {
            "PlayMusic": [{"data": [{"text": "play "}, {"text": "jazz", "entity": "genre"}]}]
        },
    },
    "duraspace-chosen": {
        "duraspace/irclogs/original-logs/2010/a.log": (
            '<span class="irc-black">&lt;tim&gt; mark_d: I&#39;d <b>like</b> that</span>\n'
            '<span class="irc-black">&lt;tim&gt; ok</span>\n'
            '<span class="irc-navy">*** tim has left the room</span>\n'
        )
    },
    "changelog-chosen": {
        "thechangelog/transcripts/gotime/go-time-1.md": (
            "# Go Time\n\n**Ann Lee:** Um, so I, I like \\[laughter\\] the [show](https://x.y/z).\n"
            "\n**Bob:** Right.\n"
        ),
        "thechangelog/transcripts/bigtent/1.md": "**Ann:** Not this one, since it is theirs.\n",
    },
    "pythonbytes-chosen": {
        "mikeckennedy/python_bytes_show_notes/transcripts/001.vtt": (
            "WEBVTT\n\n1\n00:00:00.100 --> 00:00:02.000\nHello and welcome\n\n"
            "00:00:02.000 --> 00:00:03.000\nto the show. Yes. It is the the first one.\n"
        )
    },
    "commonvoice": {
        "mozilla/common-voice/server/data/en/sentence-collector.txt": "The race is today.\n",
        "mozilla/common-voice/server/data/en/singleword-benchmark.txt": "yes\n",
        "mozilla/common-voice/server/data/de/sätze.txt": "Das Rennen ist heute.\n",
    },
    "fiction": {
        "standardebooks/jane-austen_emma/src/epub/text/chapter-1.xhtml": (
            "<p>“My dear,” said <i>he</i>, “you may\u2060—go,”</p><p>She “left.”</p>"
        ),
        "standardebooks/jane-austen_emma/src/epub/text/colophon.xhtml": "<p>“Not this one”</p>",
        "standardebooks/agatha-christie_the-secret/src/epub/text/chapter-1.xhtml": (
            "<p>“Nor this one”</p>"
        ),
    },
}
EXPECTED = {
    "selfdialogue": ["Is it really?", "Yes, it is.", "Bye."],
    "topicalchat": ["Do you like jazz?"],
    "sgd": ["A table for two."],
    "star": ["I lost my card!"],
    "casino": ["I need the firewood."],
    "personachat": ["Hi!", "Hello: you?"],
    "assistant": ["wake me at five", "Where is it, please?", "say hello", "play jazz"],
    "duraspace-chosen": ["I'd like that"],
    "changelog-chosen": ["So I like the show."],
    "pythonbytes-chosen": ["Hello and welcome to the show.", "It is the first one."],
    "commonvoice": ["The race is today."],
    "fiction": ["My dear, you may - go."],
}


def written(folder: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


@pytest.mark.parametrize("name", FILES)
def test_what_people_wrote_or_said_is_read_and_nothing_else(
    sources: ModuleType, cleaning: ModuleType, tmp_path: Path, name: str
) -> None:
    written(tmp_path, FILES[name])
    text = next(text for text in sources.TEXTS if text.name == name)

    assert list(cleaning.cleaned(text.lines(sources.Clones(tmp_path)))) == EXPECTED[name]


@pytest.mark.parametrize(
    ("introduction", "is_taken"),
    [
        ("This is show 1. It is hosted by Ken Fallon and is about radio.", True),
        ("This is show 2. It is hosted by Ken Fellon and is about radio.", True),
        ("This is show 3. It is hosted by Mr. X and is about radio.", False),
        ("This is show 4. It is hosted by Nora Comm and is about radio.", False),
        ("This is show 5.", False),
    ],
)
def test_an_episode_is_taken_only_if_its_host_is_named_and_gave_it_a_free_licence(
    sources: ModuleType, tmp_path: Path, introduction: str, is_taken: bool
) -> None:
    hosts = [
        {"host": "Ken Fallon", "espeak_name": None, "license": "CC-BY-SA"},
        {"host": "Nora Comm", "espeak_name": "nora comm", "license": "CC-BY-NC-SA"},
    ]
    start = " ".join(f"Sentence {number} of the start." for number in range(8))
    end = "You have been listening to Hacker Public Radio. Not this one."
    transcript = f"Episode: 1\n---\n{introduction} {start}\nIt is the, the radio.\n{end}"
    written(
        tmp_path,
        {f"{HPR}/hpr_metadata/hosts.json": hosts, f"{HPR}/hpr_transcripts/1.txt": transcript},
    )

    lines = list(sources.hpr(sources.Clones(tmp_path)))

    assert ("It is the radio." in lines) == is_taken
    assert bool(lines) == is_taken
    assert "Not this one." not in lines


def test_sentences_about_tom_get_other_names_and_stand_once(
    sources: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "manythings.org/anki"
    folder.mkdir(parents=True)
    english = [f"Tom has {number} dogs." for number in range(400)]
    for language in ("fra", "deu"):
        with zipfile.ZipFile(folder / f"{language}-eng.zip", "w") as archive:
            archive.writestr("_about.txt", "About")
            archive.writestr(f"{language}.txt", "".join(f"{one}\tx\tCC\n" for one in english))

    lines = list(sources.tatoeba(sources.Clones(tmp_path)))

    assert [re.sub(r"^\w+", "Tom", line) for line in lines] == english
    assert 60 <= sum(line.startswith("Tom ") for line in lines) <= 140


def test_what_is_missing_is_said_with_the_command_that_brings_it(
    sources: ModuleType, tmp_path: Path
) -> None:
    clones = sources.Clones(tmp_path)
    with pytest.raises(TextError, match=r"git clone --depth 1 https://github.com/RasaHQ/STAR "):
        list(sources.star(clones))
    (tmp_path / "RasaHQ/STAR").mkdir(parents=True)
    with pytest.raises(TextError, match=r"has no dialogues/"):
        list(sources.star(clones))
    with pytest.raises(TextError, match=r"www\.manythings\.org/anki"):
        list(sources.tatoeba(clones))
    with pytest.raises(TextError, match="--only sgd"):
        sources.read(tmp_path, "sgd")


def test_a_text_is_written_a_line_for_each_message(sources: ModuleType, tmp_path: Path) -> None:
    written(tmp_path, FILES["selfdialogue"])
    sources.make(sources.TEXTS[0], sources.Clones(tmp_path), tmp_path)

    assert sources.read(tmp_path, "selfdialogue") == EXPECTED["selfdialogue"]
    with gzip.open(tmp_path / "selfdialogue.txt.gz", "rt", encoding="utf-8") as file:
        assert file.read() == "Is it really?\nYes, it is.\nBye.\n"


def test_the_lines_most_like_messages_are_chosen(sources: ModuleType) -> None:
    chance = random.Random(1)

    def lines(words: str, count: int) -> list[str]:
        return [" ".join(chance.choices(words.split(), k=6)) for _ in range(count)]

    like = lines("are you at home now see you soon", 200)
    near, far = lines("you are home soon", 20), lines("static pods mount volumes", 20)
    mixed = [line for pair in zip(far, near, strict=True) for line in pair]

    assert sources.most_alike(mixed, like, most_words=6 * 20) == near


@pytest.mark.parametrize(
    "line",
    [
        *("Write to ann@example.org", "see https://x.y", "my number is 0123456", "call 555-1234"),
        *("<b>bold</b> words here", "WHAT ARE YOU DOING", "no no no no no no", "12 34 56 7", "..."),
        *("you fucking know it", "мы говорим об этом", ""),
    ],
)
def test_addresses_numbers_markup_slurs_and_shouting_are_no_lines(
    cleaning: ModuleType, line: str
) -> None:
    assert list(cleaning.cleaned([line])) == []


@pytest.mark.parametrize(
    "line", ["Are you OK?", "I'd say 12 at most.", "We met at a café.", "NASA did it. Wow!!!"]
)
def test_ordinary_lines_stay_as_they_are(cleaning: ModuleType, line: str) -> None:
    assert list(cleaning.cleaned([line])) == [line]


def test_long_lines_stand_once_and_greetings_thirty_times(cleaning: ModuleType) -> None:
    lines = ["Hello there!", "I will see you at the station."] * 40

    kept = list(cleaning.cleaned(lines))

    assert kept.count("Hello there!") == 30
    assert kept.count("I will see you at the station.") == 1


def test_a_paragraph_is_cut_between_sentences(cleaning: ModuleType) -> None:
    sentences = [f"Number {number} of them has eight words here." for number in range(12)]

    pieces = list(cleaning.cut(" ".join(sentences)))

    assert " ".join(pieces) == " ".join(sentences)
    assert [len(piece.split()) for piece in pieces] == [40, 40, 16]


def test_the_examples_of_the_modules_hold(sources: ModuleType, cleaning: ModuleType) -> None:
    for module in (sources, cleaning):
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0
