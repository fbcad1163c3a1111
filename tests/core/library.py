"""The C library through ctypes, as a program in C sees it. Knows no test."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from ctypes import (
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_uint32,
    c_void_p,
)
from pathlib import Path

import numpy as np

from foreword.predictor.activations import LayerActivations, WordTrace
from foreword.predictor.next_letter import Letters
from foreword.predictor.suggest import Suggestion

ROOT = Path(__file__).parents[2]


def built() -> Path | None:
    """The library that `make .venv/.dev` built, or the one that FOREWORD_C_LIBRARY names."""
    if named := os.environ.get("FOREWORD_C_LIBRARY"):
        return Path(named)
    paths = [*ROOT.glob("build/native/*/libforeword.so"), *ROOT.glob("build/native/*/*.dylib")]
    return max(paths, key=lambda path: path.stat().st_mtime, default=None)


def compiled_example(name: str, folder: Path) -> Path:
    """A program of native/examples, compiled against the library into a folder."""
    library = built()
    assert library is not None
    compiler = shutil.which("cc") or shutil.which("clang") or "gcc"
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    source, include = ROOT / f"native/examples/{name}.c", f"-I{ROOT / 'native'}"
    linking = [str(library), f"-Wl,-rpath,{library.parent}"]
    subprocess.run([compiler, *strict, include, source, *linking, "-o", folder / name], check=True)
    return folder / name


class CError(Exception):
    """What the library says of a call that failed."""


class File(Structure):
    _fields_ = (("name", c_char_p), ("data", c_char_p), ("size", c_size_t))


class Candidate(Structure):
    _fields_ = (("word", c_uint32), ("probability", c_double))


class TypistOptions(Structure):
    _fields_ = (
        ("tolerant", c_int),
        ("offensive", c_int),
        ("blocked", POINTER(c_char_p)),
        ("blocked_count", c_size_t),
        ("layout", c_int),
        ("phrases", c_int),
    )


class Suggested(Structure):
    _fields_ = (
        ("word", c_char_p),
        ("probability", c_double),
        ("text", c_char_p),
        ("replaces", c_size_t),
    )


class Layer(Structure):
    _fields_ = (("h", POINTER(c_float)), ("c", POINTER(c_float)), ("gates", POINTER(c_float)))


class Letter(Structure):
    _fields_ = (("character", c_uint32), ("probability", c_double))


_ERROR = POINTER(c_void_p)
_SIGNATURES = {
    "version": (c_char_p, []),
    "error_free": (None, [c_void_p]),
    "model_load": (c_void_p, [c_char_p, _ERROR]),
    "model_from_files": (c_void_p, [POINTER(File), c_size_t, _ERROR]),
    "model_free": (None, [c_void_p]),
    "model_words": (c_uint32, [c_void_p]),
    "model_word": (c_char_p, [c_void_p, c_uint32]),
    "model_id": (c_uint32, [c_void_p, c_char_p]),
    "model_layers": (c_size_t, [c_void_p]),
    "model_hidden_size": (c_size_t, [c_void_p]),
    "model_gates": (c_char_p, [c_void_p]),
    "state_new": (c_void_p, [c_void_p, _ERROR]),
    "state_copy": (c_void_p, [c_void_p, _ERROR]),
    "state_free": (None, [c_void_p]),
    "state_advance": (c_int, [c_void_p, c_uint32, _ERROR]),
    "state_read": (c_int, [c_void_p, c_char_p, _ERROR]),
    "state_best": (
        c_int,
        [
            *(c_void_p, c_size_t, POINTER(c_uint32), c_size_t),
            *(POINTER(Candidate), POINTER(c_size_t), _ERROR),
        ],
    ),
    "state_probabilities": (c_int, [c_void_p, POINTER(c_float), _ERROR]),
    "state_size": (c_size_t, [c_void_p]),
    "state_to_bytes": (c_int, [c_void_p, c_char_p, _ERROR]),
    "state_from_bytes": (c_void_p, [c_void_p, c_char_p, c_size_t, _ERROR]),
    "typist_new": (c_void_p, [c_void_p, POINTER(TypistOptions), _ERROR]),
    "typist_new_mixed": (
        c_void_p,
        [POINTER(c_void_p), c_size_t, POINTER(TypistOptions), _ERROR],
    ),
    "typist_free": (None, [c_void_p]),
    "typist_suggest": (
        c_int,
        [c_void_p, c_char_p, c_size_t, POINTER(Suggested), POINTER(c_size_t), _ERROR],
    ),
    "typist_letters": (
        c_int,
        [
            *(c_void_p, c_char_p, c_int, POINTER(POINTER(Letter))),
            *(POINTER(c_size_t), POINTER(c_double), _ERROR),
        ],
    ),
    "typist_trace": (
        c_int,
        [*(c_void_p, c_char_p, c_int), *(POINTER(c_char_p), POINTER(POINTER(Layer)), _ERROR)],
    ),
}


class Library:
    """The functions, by their names without `foreword_`."""

    def __init__(self, path: Path) -> None:
        loaded = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(loaded, f"foreword_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def checked(self, name: str, *arguments: object) -> int:
        """What a function that can fail returns.

        Raises:
            CError: it failed.
        """
        error = c_void_p()
        result = getattr(self, name)(*arguments, byref(error))
        if error.value is None:
            return result
        message = ctypes.string_at(error.value).decode()
        self.error_free(error)
        raise CError(message)


class CModel:
    """A model of the library."""

    def __init__(self, library: Library, source: Path | dict[str, bytes]) -> None:
        """Loads a folder, or the files of one."""
        self.library = library
        self._files = source  # the library does not copy them
        if isinstance(source, Path):
            self.handle = library.checked("model_load", os.fsencode(source))
        else:
            files = [File(name.encode(), data, len(data)) for name, data in source.items()]
            array = (File * len(files))(*files)
            self.handle = library.checked("model_from_files", array, len(files))
        self.words = library.model_words(self.handle)

    def __del__(self) -> None:
        if hasattr(self, "handle"):
            self.library.model_free(self.handle)

    def word(self, index: int) -> str | None:
        word = self.library.model_word(self.handle, index)
        return None if word is None else word.decode()

    def id_of(self, word: str) -> int:
        return int(self.library.model_id(self.handle, word.encode()))

    def start(self) -> "CState":
        return CState(self, self.library.checked("state_new", self.handle))

    def state_from_bytes(self, data: bytes) -> "CState":
        return CState(self, self.library.checked("state_from_bytes", self.handle, data, len(data)))

    def typist(
        self,
        *,
        tolerant: bool = False,
        offensive: bool = False,
        blocked: Sequence[str] = (),
        layout: int = 0,
        phrases: bool = False,
    ) -> "CTypist":
        words = (c_char_p * len(blocked))(*(word.encode() for word in blocked))
        options = TypistOptions(tolerant, offensive, words, len(blocked), layout, phrases)
        return CTypist(self, self.library.checked("typist_new", self.handle, byref(options)))


def mixed(models: Sequence[CModel]) -> "CTypist":
    """A typist of several models."""
    handles = (c_void_p * len(models))(*(model.handle for model in models))
    library = models[0].library
    return CTypist(models[0], library.checked("typist_new_mixed", handles, len(models), None))


class CTypist:
    """A typist of the library."""

    def __init__(self, model: CModel, handle: int) -> None:
        self.model, self.handle = model, handle

    def __del__(self) -> None:
        self.model.library.typist_free(self.handle)

    def suggest(self, text: str | bytes, k: int = 3) -> list[Suggestion]:
        """The suggestions, each with the number of characters that it replaces."""
        data = text.encode() if isinstance(text, str) else text
        offered, count = (Suggested * k)(), c_size_t()
        self.model.library.checked("typist_suggest", self.handle, data, k, offered, byref(count))
        return [
            Suggestion(
                one.word.decode(),
                one.probability,
                one.text.decode(),
                len(data[len(data) - one.replaces :].decode(errors="replace")),
            )
            for one in offered[: count.value]
        ]

    def letters(self, text: str | bytes, *, ignore_case: bool = False) -> Letters:
        """The next characters; the same class as in Python, which sorts them again."""
        data = text.encode() if isinstance(text, str) else text
        letters, count, end_of_word = POINTER(Letter)(), c_size_t(), c_double()
        pointers = (byref(letters), byref(count), byref(end_of_word))
        self.model.library.checked("typist_letters", self.handle, data, ignore_case, *pointers)
        shares = {chr(one.character): one.probability for one in letters[: count.value]}
        return Letters(shares, end_of_word.value)

    def trace(self, text: str | bytes, *, complete: bool | None = None) -> WordTrace:
        """The activations at the last word."""
        data = text.encode() if isinstance(text, str) else text
        library, model = self.model.library, self.model.handle
        ending = 0 if complete is None else 1 if complete else 2
        word, layers = c_char_p(), POINTER(Layer)()
        library.checked("typist_trace", self.handle, data, ending, byref(word), byref(layers))
        size, names = library.model_hidden_size(model), library.model_gates(model).decode()
        traced = []
        for layer in layers[: library.model_layers(model)]:
            gates = np.ctypeslib.as_array(layer.gates, (len(names), size)).copy() if names else ()
            states = {"h": layer.h, "c": layer.c}
            traced.append(
                LayerActivations(
                    dict(zip(names, gates, strict=True)),
                    {
                        name: np.ctypeslib.as_array(values, (size,)).copy()
                        for name, values in states.items()
                        if values
                    },
                )
            )
        assert word.value is not None
        return WordTrace(word.value.decode(), tuple(traced))


class CState:
    """A state of the library."""

    def __init__(self, model: CModel, handle: int) -> None:
        self.model, self.handle = model, handle

    def __del__(self) -> None:
        self.model.library.state_free(self.handle)

    def copy(self) -> "CState":
        return CState(self.model, self.model.library.checked("state_copy", self.handle))

    def advance(self, word: int) -> None:
        self.model.library.checked("state_advance", self.handle, word)

    def read(self, text: str) -> None:
        self.model.library.checked("state_read", self.handle, text.encode())

    def probabilities(self) -> np.ndarray:
        shares = np.empty(self.model.words, np.float32)
        into = shares.ctypes.data_as(POINTER(c_float))
        self.model.library.checked("state_probabilities", self.handle, into)
        return shares

    def best(self, k: int, hidden: tuple[int, ...] = ()) -> list[tuple[int, float]]:
        candidates, count = (Candidate * k)(), c_size_t()
        ids = (c_uint32 * len(hidden))(*hidden)
        self.model.library.checked(
            "state_best", self.handle, k, ids, len(hidden), candidates, byref(count)
        )
        return [(one.word, one.probability) for one in candidates[: count.value]]

    def to_bytes(self) -> bytes:
        data = ctypes.create_string_buffer(self.model.library.state_size(self.model.handle))
        self.model.library.checked("state_to_bytes", self.handle, data)
        return data.raw
