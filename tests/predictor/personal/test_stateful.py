"""Two people, whose files are used in turn and opened anew: each as a plain model has them."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.predictor.personal.conftest import COMMON, tokenizer

from foreword.predictor.personal import Personal

OWN = {"one": ["Annegret", "Bo", "bo", "Zoë"], "two": ["Dmitri", "Xi", "xI", "Ngozi"]}
TELLING = ("Annegret", "Dmitri", "Ngozi")
"""Long enough not to stand in a file's salt and hashes by chance."""
PEOPLE = st.sampled_from(sorted(OWN))
PLACES = st.lists(st.integers(0, 7), min_size=1, max_size=6)


class Person:
    """What should be held, in dictionaries."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.once: set[str] = set()
        self.sequences: Counter[tuple[str | None, ...]] = Counter()

    def learn(self, lines: list[list[str]]) -> None:
        seen = Counter(word for line in lines for word in line)
        for word, count in seen.items():
            if word in self.counts or word in COMMON:
                self.counts[word] += count
            elif word.lower() in self.once:
                self.counts[word] = count + 1
                self.once.discard(word.lower())
            elif count > 1:
                self.counts[word] = count
            else:
                self.once.add(word.lower())
        for line in lines:
            held = [word if word in self.counts else None for word in line]
            padded = ["\n", "\n", *held, "\n"]
            for u, v, w in zip(padded, padded[1:], padded[2:], strict=False):
                if w is not None:
                    self.sequences[u, v, w] += 1

    def forget(self, word: str) -> None:
        gone = {held for held in self.counts if held.casefold() == word.casefold()}
        self.once.discard(word.lower())
        for held in gone:
            del self.counts[held]
        for sequence in [s for s in self.sequences if gone & set(s)]:
            del self.sequences[sequence]


class Interleaved(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.files = {name: Path(self.folder.name) / name for name in OWN}
        self.layers = {name: self.opened(name) for name in OWN}
        self.people = {name: Person() for name in OWN}

    def opened(self, name: str) -> Personal:
        return Personal.open(self.files[name], tokenizer(), create=True)

    def word(self, name: str, position: int) -> str:
        return [*OWN[name], "see", "you", "at", "the"][position]

    @rule(name=PEOPLE, lines=st.lists(PLACES, min_size=1, max_size=3))
    def learn(self, name: str, lines: list[list[int]]) -> None:
        words = [[self.word(name, index) for index in line] for line in lines]
        self.layers[name].learn("\n".join(" ".join(line) for line in words))
        self.people[name].learn(words)

    @rule(name=PEOPLE, position=st.integers(0, 7))
    def forget(self, name: str, position: int) -> None:
        word = self.word(name, position)
        self.layers[name].forget(word)
        self.people[name].forget(word)
        if word in TELLING:
            assert word.encode() not in self.files[name].read_bytes()

    @rule(name=PEOPLE)
    def forget_everything(self, name: str) -> None:
        self.layers[name].forget_everything()
        self.people[name] = Person()

    @rule(name=PEOPLE)
    def open_again(self, name: str) -> None:
        self.layers[name].close()
        self.layers[name] = self.opened(name)

    @invariant()
    def each_holds_what_it_should_and_sees_nothing_of_the_other(self) -> None:
        for name, layer in getattr(self, "layers", {}).items():
            person = self.people[name]
            assert {h.word: h.count for h in layer.words()} == dict(person.counts)
            memory = layer._held.memory
            texts = memory.vocabulary.texts
            rows = zip(memory.trigrams.keys.tolist(), memory.trigrams.counts.tolist(), strict=True)
            mask = (1 << 21) - 1
            actual = {
                tuple(texts[i] or None for i in (key >> 42, (key >> 21) & mask, key & mask)): count
                for key, count in rows
            }
            assert actual == dict(person.sequences)
            (other,) = OWN.keys() - {name}
            offered: set[str] = set()
            for prefix in ("", *(word[:1] for word in OWN[other])):
                offered |= layer.opinion(["\n", "see"], prefix).words.keys()
            assert not offered & set(OWN[other])
            held = self.files[name].read_bytes()
            assert not any(w.encode() in held for w in OWN[other] if w in TELLING)

    def teardown(self) -> None:
        for layer in getattr(self, "layers", {}).values():
            layer.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestInterleaved = Interleaved.TestCase
TestInterleaved.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
