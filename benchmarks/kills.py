"""Kills Foreword before every call that changes a file, by SIGKILL, and checks what is left.

    python benchmarks/kills.py                  # all of it, more than half an hour
    python benchmarks/kills.py personal --every 5

Each verb is run again and again, killed before its first call that changes a file, its second, and
so on to its last. After each kill the folder must load as the old one or as the new one, and the
verb must be able to continue from it. Prints how often each was the case; if there is a fault,
names it and ends with 1.

Needs Linux and a C compiler: the calls are counted in a library that is loaded before the C
library, so that those of SQLite and of PyTorch are counted, too.
"""

import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_suffix(".c")
OLD = "how are you\ni am fine\nthank you\n" * 20
NEW = "the cat sat on the mat\nthe dog sat on the log\n" * 20
NOTES = "mine"
TRAINING: dict[str, Any] = {
    "hidden_size": 4,
    "batch_size": 2,
    "window": 4,
    "threads": 1,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "steps": 2,
    "validations": 2,
    "save_seconds": 1e-9,
}
GREETINGS = "wie geht es\nes geht gut\ndanke\n" * 20, "how are you\ni am fine\nthank you\n" * 20
ANIMALS = (
    "die Katze sitzt da\nder Hund sitzt da\n" * 20,
    "the cat sits there\nthe dog sits there\n" * 20,
)
PAIRS = {
    **TRAINING,
    "embedding_size": 4,
    "subwords": 280,
    "source_language": "de",
    "target_language": "en",
}
TUNING = {k: v for k, v in TRAINING.items() if k not in ("learning_rate", "steps")}


@dataclass(frozen=True)
class Verb:
    """What is killed.

    Attributes:
        prepare: fills an empty folder.
        act: what is killed in it.
        state_of: returns the state of the folder: "nothing", "old" or "new"; raises otherwise.
        go_on: the user's next step, after which everything must be right.
    """

    prepare: Callable[[Path], None]
    act: Callable[[Path], object]
    state_of: Callable[[Path], str]
    go_on: Callable[[Path], object]


def train(folder: Path, text: str = "new", **more: Any) -> None:
    import foreword

    source = folder / f"{text}.txt"
    foreword.train(source, out=folder / "m", valid=source, **{**TRAINING, **more})


def resume(folder: Path, **more: Any) -> None:
    import foreword

    foreword.train(out=folder / "m", resume=True, **more)


def train_on(folder: Path, **more: Any) -> None:
    """Goes on with what there is."""
    from foreword.training.checkpoint import saved

    if saved(folder / "m"):
        resume(folder, **more)
    else:
        train(folder, overwrite=(folder / "m").exists(), **more)


def with_texts(folder: Path) -> None:
    (folder / "old.txt").write_text(OLD, "utf-8")
    (folder / "new.txt").write_text(NEW, "utf-8")


def with_model(folder: Path) -> None:
    with_texts(folder)
    train(folder, "old")
    with_notes(folder)


def with_notes(folder: Path) -> None:
    """Puts a user's file into the model's folder, where it must stay, and says so beside it."""
    for path in (folder, folder / "m"):
        (path / "notes.txt").write_text(NOTES, "utf-8")


def model(folder: Path) -> str:
    import foreword

    out = folder / "m"
    if not out.exists():
        return "nothing"
    check_notes(folder)
    words = foreword.load(out).tokenizer.words
    return "new" if "dog" in words else "old"


def check_notes(folder: Path) -> None:
    if (folder / "notes.txt").exists():
        assert (folder / "m" / "notes.txt").read_text("utf-8") == NOTES


def train_pairs(folder: Path, name: str = "new", **more: Any) -> None:
    import foreword

    pairs = [folder / f"{name}.de", folder / f"{name}.en"]
    foreword.train(pairs=pairs, valid_pairs=pairs, out=folder / "m", **{**PAIRS, **more})


def train_pairs_on(folder: Path, **more: Any) -> None:
    """Goes on with what there is."""
    from foreword.training.checkpoint import saved

    if saved(folder / "m"):
        resume(folder)
    else:
        train_pairs(folder, overwrite=(folder / "m").exists(), **more)


def correct(folder: Path, **more: Any) -> None:
    """Continues a translator on other pairs."""
    import foreword

    new = [folder / "new.de", folder / "new.en"]
    options = {"continues": folder / "source", "steps": 2, "validations": 2, **more}
    foreword.train(pairs=new, out=folder / "m", **options)


def correct_on(folder: Path) -> None:
    """Goes on with the new run if it has begun, or corrects the old model."""
    from foreword.training.checkpoint import home, saved

    if translator(folder) == "new" or home(folder / "m") != folder / "m":
        assert saved(folder / "m")
        resume(folder)
    else:
        correct(folder, overwrite=(folder / "m").exists())


def with_pairs(folder: Path) -> None:
    for name, (german, english) in {"old": GREETINGS, "new": ANIMALS}.items():
        (folder / f"{name}.de").write_text(german, "utf-8")
        (folder / f"{name}.en").write_text(english, "utf-8")


def with_translator(folder: Path) -> None:
    with_pairs(folder)
    train_pairs(folder, "old")
    with_notes(folder)


def with_two_translators(folder: Path) -> None:
    with_translator(folder)
    shutil.copytree(folder / "m", folder / "source")


def with_source(folder: Path) -> None:
    with_pairs(folder)
    train_pairs(folder, "old")
    (folder / "m").rename(folder / "source")


def with_model_and_pairs(folder: Path) -> None:
    with_model(folder)
    with_pairs(folder)


def translator(folder: Path) -> str:
    """Tells which pairs the model was trained on; a next-word model is an old one."""
    from foreword.folder.translation_store import holds_translation, read_translation

    out = folder / "m"
    if not out.exists():
        return "nothing"
    check_notes(folder)
    if not holds_translation(out):
        return model(folder)
    record = read_translation(out).config.training
    assert record is not None
    return "new" if "new." in record.text else "old"


def translator_bits(folder: Path) -> str:
    from foreword.folder.translation_store import read_translation

    return "new" if read_translation(folder / "m").config.weights == "int8" else "old"


def compress_translator(folder: Path) -> None:
    import foreword

    pairs = [folder / "old.de", folder / "old.en"]
    foreword.compress(folder / "source", folder / "m", pairs=pairs, bound=9.0, overwrite=True)


def calibrate(folder: Path) -> None:
    from foreword.folder.calibration import Calibration
    from foreword.folder.claim import claimed
    from foreword.folder.translation_store import keep_calibration, read_translation

    with claimed(folder / "m", "evaluate"):
        measured = read_translation(folder / "m").document
        keep_calibration(folder / "m", Calibration((1.0, 2.0, 3.0, 4.0), "new", 1), measured)


def calibration(folder: Path) -> str:
    from foreword.folder.translation_store import read_translation

    check_notes(folder)
    return "old" if read_translation(folder / "m").calibration is None else "new"


def bits(folder: Path) -> str:
    from foreword.folder.store import read_config, read_folder

    read_folder(folder / "m")
    return "new" if read_config(folder / "m").weights == "int8" else "old"


def compress(folder: Path) -> None:
    import foreword

    foreword.compress(
        folder / "source", folder / "m", [folder / "old.txt"], bound=9.0, overwrite=True
    )


def with_two_models(folder: Path) -> None:
    with_model(folder)
    shutil.copytree(folder / "m", folder / "source")


def tune(folder: Path, **more: Any) -> None:
    import foreword

    source = folder / "new.txt"
    search = ["learning_rate=1e-3..1e-1:log"]
    options = {"search": search, "trials": 2, "steps_each": 2, **TUNING, **more}
    foreword.tune(source, out=folder / "s", valid=source, **options)


def tune_on(folder: Path) -> None:
    import foreword

    if (folder / "s" / "search.json").exists():
        foreword.tune(out=folder / "s", resume=True, trials=2)
    else:
        tune(folder, overwrite=True)


def with_search(folder: Path) -> None:
    with_texts(folder)
    tune(folder, hidden_size=6)


def search(folder: Path) -> str:
    import json

    from foreword.folder.adopting import current
    from foreword.training.recipes import find

    path = current(folder / "s", "search.json")
    if not path.exists():
        return "nothing"
    size = json.loads(path.read_text("utf-8"))["settings"]["model"]["hidden_size"]
    if (folder / "s" / "best.toml").exists():
        find(folder / "s" / "best.toml")
    return "new" if size == 4 else "old"


def compare(folder: Path, title: str = "new") -> None:
    from foreword.comparison.compare import Comparison, Point, Row
    from foreword.comparison.writing import write
    from foreword.folder.claim import claimed

    number = 2.0 if title == "new" else 1.0
    rows = (Row("lstm", 1, 1, 1, number, number, 0.1, 0.2),)
    points = (Point("lstm", 1, 1.0, number, 0.2),)
    with claimed(folder / "c", "compare"):
        write(Comparison(rows, points, stopped=False), folder / "c", title, str)


def comparison(folder: Path) -> str:
    from foreword.folder.adopting import current

    table = current(folder / "c", "table.csv").read_text("utf-8")
    assert current(folder / "c", "comparison.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    return "new" if ",2.0," in table else "old"


def learn(folder: Path, text: str = "Matterhorn Zermatt Matterhorn Zermatt\n") -> None:
    from foreword.predictor import personal

    with personal.open(folder / "p", create=True) as layer:
        layer.learn(text)


def forget(folder: Path) -> None:
    from foreword.predictor import personal

    with personal.open(folder / "p") as layer:
        layer.forget("Matterhorn")


def with_words(folder: Path) -> None:
    learn(folder, "hello there hello there\n")


def with_more_words(folder: Path) -> None:
    with_words(folder)
    learn(folder)


def held(word: str, others: frozenset[str]) -> Callable[[Path], str]:
    """Tells whether a file has a word, all others being as they were."""

    def state_of(folder: Path) -> str:
        from foreword.predictor import personal

        if not (folder / "p").exists() or not (folder / "p").stat().st_size:
            return "nothing"
        with personal.open(folder / "p", create=True) as layer:
            layer.audit()
            words = {one.word for one in layer.words()}
        if not words:
            return "nothing"
        assert words - {"Matterhorn", "Zermatt"} == others, words
        return "new" if word in words else "old"

    return state_of


HELD = frozenset({"hello", "there"})
VERBS = {
    "train": Verb(with_texts, train, model, train_on),
    "resume": Verb(with_model, lambda f: resume(f, steps=4), model, lambda f: resume(f, steps=4)),
    "overwrite": Verb(with_model, lambda f: train(f, overwrite=True), model, train_on),
    "overwrite by an n-gram model": Verb(
        with_model,
        lambda f: train(f, overwrite=True, model="ngram"),
        model,
        lambda f: train(f, overwrite=True, model="ngram"),
    ),
    "compress": Verb(with_two_models, compress, bits, compress),
    "train pairs": Verb(with_pairs, train_pairs, translator, train_pairs_on),
    "resume pairs": Verb(
        with_translator, lambda f: resume(f, steps=4), translator, lambda f: resume(f, steps=4)
    ),
    "overwrite by pairs": Verb(
        with_model_and_pairs, lambda f: train_pairs(f, overwrite=True), translator, train_pairs_on
    ),
    "overwrite pairs by text": Verb(
        lambda f: (with_texts(f), with_translator(f)),
        lambda f: train(f, overwrite=True),
        translator,
        train_on,
    ),
    "continue": Verb(with_source, correct, translator, correct_on),
    "continue over itself": Verb(
        with_two_translators,
        lambda f: correct(f, continues=f / "m", overwrite=True),
        translator,
        correct_on,
    ),
    "compress pairs": Verb(
        with_two_translators, compress_translator, translator_bits, compress_translator
    ),
    "calibrate": Verb(with_translator, calibrate, calibration, calibrate),
    "tune": Verb(with_texts, tune, search, tune_on),
    "tune again": Verb(with_search, lambda f: tune(f, overwrite=True), search, tune_on),
    "compare": Verb(lambda f: compare(f, "old"), compare, comparison, compare),
    "personal: first words": Verb(lambda _: None, learn, held("Zermatt", frozenset()), learn),
    "personal: more words": Verb(with_words, learn, held("Zermatt", HELD), learn),
    "personal: forget": Verb(with_more_words, forget, held("Matterhorn", HELD), forget),
}


def in_a_child(work: Callable[[], object]) -> int:
    """The exit status of a process that does some work, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # whatever it is, this process ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_everywhere(verb: Verb, every: int, arm: Callable[[int], object]) -> Counter[str]:
    """What was left how often.

    Raises:
        AssertionError: what is left is neither old nor new, or cannot be gone on with.
    """
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        ready, folder = Path(scratch) / "ready", Path(scratch) / "folder"
        ready.mkdir()
        assert in_a_child(lambda: verb.prepare(ready)) == 0
        number = 0
        while True:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(ready, folder)

            def work(number: int = number) -> None:
                arm(number)
                verb.act(folder)
                arm(-1)

            ended = in_a_child(work)
            assert ended in (0, -signal.SIGKILL), f"call {number}: it ended with {ended}"
            try:
                outcomes[verb.state_of(folder)] += 1
            except Exception as error:
                raise AssertionError(f"call {number}: {type(error).__name__}: {error}") from error
            if ended == 0:
                assert verb.state_of(folder) in ("new", "old")
                return outcomes
            assert in_a_child(lambda: verb.go_on(folder)) == 0, f"call {number}: no going on"
            left = [str(path) for path in folder.rglob("*foreword*")]
            assert not left, f"call {number}: {left} is left"
            number += every


def preloaded(arguments: list[str]) -> int:
    """Runs this program with the library that counts calls."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "kills.so"
        compiler = os.environ.get("CC", "cc")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", SOURCE, "-o", library, "-ldl"], check=True
        )
        environment = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "OMP_NUM_THREADS": "1",
            "KILLS_LIBRARY": str(library),
        }
        command = [sys.executable, __file__, *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Runs the verbs whose names begin as given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("verbs", nargs="*", default=[""], help="beginnings of names; all without")
    parser.add_argument("--every", type=int, default=1, help="kill before every so-manieth call")
    arguments = parser.parse_args()
    if "KILLS_LIBRARY" not in os.environ:
        return preloaded(sys.argv[1:])
    arm = ctypes.CDLL(os.environ["KILLS_LIBRARY"]).kills_arm
    arm.argtypes = [ctypes.c_long]
    chosen = {n: v for n, v in VERBS.items() if n.startswith(tuple(arguments.verbs))}
    if not all(name.startswith("personal") for name in chosen):
        import foreword.comparison.writing
        import foreword.training.run
        import foreword.tuning.search  # noqa: F401, so that children need not import them
    faults = 0
    for name, verb in chosen.items():
        try:
            outcomes = killed_everywhere(verb, arguments.every, arm)
        except AssertionError as error:
            faults += 1
            print(f"{name}: FAULT: {error}", flush=True)
        else:
            summary = ", ".join(f"{what} {count}" for what, count in sorted(outcomes.items()))
            print(f"{name}: {sum(outcomes.values()) - 1} kills; left: {summary}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
