"""The language server in Neovim, without a window: keys go in, the buffer comes out."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.needs import NEOVIM, needs
from tests.translator.models import write_random

import foreword

SETUP = """
vim.o.completeopt = "menu,menuone"
vim.lsp.start_client({
  name = "foreword",
  cmd = COMMAND,
  root_dir = vim.fn.getcwd(),
  on_init = function(client) vim.lsp.buf_attach_client(0, client.id) end,
  on_attach = function() vim.bo.omnifunc = "v:lua.vim.lsp.omnifunc" end,
})
"""
"""By functions that every Neovim since 0.6 has."""


pytestmark = needs("neovim")


class Neovim:
    """An editor that is spoken to over a socket."""

    def __init__(self, model: Path, file: Path) -> None:
        folder = file.parent
        self.socket = str(folder / "nvim.sock")
        command = [sys.executable, "-m", "foreword", "lsp", str(model)]
        lua = "{" + ", ".join(json.dumps(part) for part in command) + "}"
        (folder / "setup.lua").write_text(SETUP.replace("COMMAND", lua))
        setup = str(folder / "setup.lua")
        self.process = subprocess.Popen(
            [NEOVIM, "--headless", "--clean", "--listen", self.socket, "-S", setup, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def value(self, expression: str) -> Any:
        output = subprocess.run(
            [NEOVIM, "--server", self.socket, "--remote-expr", f"json_encode({expression})"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        # Neovim 0.7 prints what it evaluates on standard error.
        return json.loads(output.stdout or output.stderr) if output.returncode == 0 else None

    def wait_for(self, expression: str, is_right: Callable[[Any], bool] = bool) -> Any:
        for _ in range(1200):
            if is_right(value := self.value(expression)):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{expression} is {value}")

    def keys(self, keys: str) -> None:
        subprocess.run(
            [NEOVIM, "--server", self.socket, "--remote-send", keys], check=True, timeout=120
        )


@contextmanager
def opened(model: Path, file: Path) -> Iterator[Neovim]:
    editor = Neovim(model, file)
    editor.wait_for("&omnifunc", lambda name: name == "v:lua.vim.lsp.omnifunc")
    yield editor
    editor.keys("<C-\\><C-n>:qa!<CR>")
    editor.process.wait(120)


@pytest.fixture
def neovim(small_model: Path, tmp_path: Path) -> Iterator[Neovim]:
    with opened(small_model, tmp_path / "note.txt") as editor:
        yield editor


def test_words_are_offered_and_accepted_where_one_types(neovim: Neovim, small_model: Path) -> None:
    predictor = foreword.load(small_model)
    neovim.keys("ithe cat 😀<CR>I would li<C-x><C-o>")
    text = "the cat 😀\nI would li"
    expected = [one.word for one in predictor.suggest(text, 5)]
    offered = neovim.wait_for("map(complete_info().items, 'v:val.word')")
    assert offered == expected
    neovim.keys("<C-n><C-y>.")
    line = neovim.wait_for("getline(2)", lambda line: line.endswith("."))
    assert line in {f"I would {word}." for word in expected}


def test_its_requests_are_answered_for_the_text_as_edited(
    neovim: Neovim, small_model: Path
) -> None:
    neovim.keys("iI would li<Esc>0cwthe<Esc>A<BS><BS>")
    neovim.wait_for("getline(1)", lambda line: line == "the would ")
    ask = """luaeval('vim.lsp.buf_request_sync(0, "textDocument/inlineCompletion",
        vim.tbl_extend("force", vim.lsp.util.make_position_params(), {context = {triggerKind = 2}}),
        10000)')""".replace("\n", "")
    (answer,) = neovim.value(ask)
    expected = foreword.load(small_model).suggest("the would ", 5)
    assert [item["insertText"] for item in answer["result"]["items"]] == [
        one.text for one in expected if one.replaces == 0
    ]


PO = '#: cat.c:7\nmsgid "die \\"Katze\\" {name}"\nmsgstr ""\n'
XLIFF = """<xliff version="1.2"><file><body><trans-unit id="1">
<source>die Katze {name}</source>
<target></target>
</trans-unit></body></file></xliff>
"""


def test_translations_are_offered_in_files_of_translators(tmp_path: Path) -> None:
    model = write_random(tmp_path / "model")
    (tmp_path / "de.po").write_text(PO, "utf-8")
    (tmp_path / "de.xlf").write_text(XLIFF, "utf-8")

    with opened(model, tmp_path / "de.po") as neovim:
        neovim.keys("3G$ithe c<C-x><C-o>")
        offered = neovim.wait_for("map(complete_info().items, 'v:val.word')")
        neovim.keys("<C-e><BS>")
        in_po = accepted_placeholder(neovim)
        neovim.keys(f"<Esc>:w<CR>:e {tmp_path}/de.xlf<CR>:lua vim.lsp.buf_attach_client(0, 1)<CR>")
        neovim.wait_for("&omnifunc")
        neovim.keys("3Gf<lt>ithe ")
        in_xliff = accepted_placeholder(neovim)

    words = foreword.load(model).typist('die "Katze" {name}').suggest("the c", 5)
    assert [f"the {word}" for word in offered] == [one.accepted("the c") for one in words]
    assert in_po == 'msgstr "the {name}"'
    assert in_xliff == "<target>the {name}</target>"


def accepted_placeholder(neovim: Neovim) -> str:
    """The third line after its placeholder was begun, completed and accepted."""
    neovim.keys("{na")
    neovim.wait_for("getline(3)", lambda text: "{na" in text)
    neovim.keys("<C-x><C-o>")
    neovim.wait_for("complete_info().items")
    neovim.keys("<C-y>")
    return str(neovim.wait_for("getline(3)", lambda text: "name}" in text))
