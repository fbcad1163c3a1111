"""What a folder has besides its network, when a training in it goes on."""

from pathlib import Path

import foreword
from foreword.folder.saving import write_folder
from foreword.folder.store import read_folder


def test_rare_words_that_a_folder_was_given_are_there_after_more_steps(tmp_path: Path) -> None:
    text, out = tmp_path / "notes.txt", tmp_path / "m"
    text.write_text("how are you\ni am fine\n" * 200, "utf-8")
    foreword.train([text], out=out, hidden_size=4, batch_size=4, window=5, steps=5)
    folder = read_folder(out)
    card = (out / "README.md").read_text("utf-8")
    write_folder(out, folder.config, folder.weights, folder.tokenizer, card, ["Matterhorn"])
    foreword.train(out=out, resume=True, steps=10)
    after = read_folder(out)
    assert after.config.training is not None
    assert after.config.training.steps == 10
    assert after.rare == ("Matterhorn",)
