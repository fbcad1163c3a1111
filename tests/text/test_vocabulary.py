"""Words in the core and in Python are the same vocabulary."""

import json
import pickle
from dataclasses import asdict

import pytest
from tests.needs import needs

from foreword import compiled
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.vocabulary import Vocabulary

WORDS = ("<unk>", "<eos>", "the", "naïve", "İ", "👩‍🚀", "don't")
CONFIG = TokenizerConfig()


def read_in_core(json_text: str) -> Vocabulary:
    data = json_text.encode()
    return Vocabulary.of_core(compiled.part("read_vocabulary")(data, 3, **asdict(CONFIG)))


@needs("kernels")
@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_vocabulary_that_the_core_read_is_the_one_that_python_reads(is_sorted: bool) -> None:
    document = json.loads(Tokenizer(WORDS, CONFIG).to_json())
    if not is_sorted:
        document["model"]["vocab"] = dict(sorted(document["model"]["vocab"].items()))
    vocabulary = read_in_core(json.dumps(document, ensure_ascii=is_sorted))
    assert len(vocabulary) == len(WORDS)
    assert [vocabulary.id(word) for word in WORDS] == list(range(len(WORDS)))
    assert vocabulary.id("The") is vocabulary.id("\ud800") is vocabulary.id("") is None
    assert vocabulary.words == WORDS
    assert vocabulary.ids == Vocabulary(WORDS).ids
    assert pickle.loads(pickle.dumps(vocabulary)).words == WORDS
    tokenizer = Tokenizer(vocabulary, CONFIG)
    assert tokenizer.to_json() == Tokenizer(WORDS, CONFIG).to_json()
    assert tokenizer.encode("the naïve, don’t") == [2, 3, 0, 6]


@needs("kernels")
@pytest.mark.parametrize(("old", "new"), [("3", "2"), ("the", "<unk>"), ("NFC", "NFD"), ("{", "[")])
def test_the_core_refuses_what_foreword_does_not_write(old: str, new: str) -> None:
    with pytest.raises(compiled.part("core").Error):
        read_in_core(Tokenizer(WORDS, CONFIG).to_json().replace(old, new))
