"""Presage (Debian's packages presage and libpresage1v5) as the simulated typist's predictor.

`text2ngram` trains it; its C interface is called by ctypes, so that the same simulated typist can
use it as any other predictor, instead of its own `presage_simulator`.
"""

import ctypes
import ctypes.util
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

CONFIGURATION = Path("/etc/presage.xml")
"""The package's own, of which only what is named in `_configuration` is changed."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("presage")
    if name is None or shutil.which("text2ngram") is None:
        raise SystemExit("presage is not there: install Debian's packages presage, libpresage1v5")
    return ctypes.CDLL(name)


def train(text: Path, database: Path, order: int = 3) -> None:
    """Counts n-grams of 1 to `order` words into a database, in lower case."""
    _library()
    database.unlink(missing_ok=True)
    for n in range(1, order + 1):
        options = ["-n", str(n), "-l", "-f", "sqlite", "-o", str(database)]
        append = ["-a"] if n > 1 else []
        command = ["text2ngram", *options, *append, str(text)]
        subprocess.run(command, check=True, capture_output=True)


class Presage:
    """Suggests by a database, and by what it has learned, if it may learn."""

    def __init__(self, database: Path, folder: Path, suggestions: int) -> None:
        """Starts a presage.

        Args:
            database: by `train`.
            folder: for its configuration and what it learns; new and empty.
            suggestions: it never gives more.
        """
        folder.mkdir(parents=True)
        configuration = folder / "presage.xml"
        configuration.write_text(_configuration(database, folder, suggestions), "utf-8")
        self._lib = _library()
        self._past = ctypes.create_string_buffer(b"")
        self._future = ctypes.create_string_buffer(b"")
        # Kept, since presage calls them for as long as it lives.
        self._callbacks = (
            _Callback(lambda _: ctypes.addressof(self._past)),
            _Callback(lambda _: ctypes.addressof(self._future)),
        )
        self._self = ctypes.c_void_p()
        past, future = self._callbacks
        self._call(
            "presage_new_with_config",
            *(past, None, future, None, str(configuration).encode(), ctypes.byref(self._self)),
        )

    def suggest(self, text: str, k: int) -> list[str]:
        """Whole words: presage's completions of its part of the word, after the part that it
        ignores.

        It divides words at apostrophes, so that it completes the `t` of `don't` by itself.
        """
        self._past = ctypes.create_string_buffer(text.encode())
        offers = ctypes.POINTER(ctypes.c_char_p)()
        self._call("presage_predict", self._self, ctypes.byref(offers))
        words = []
        for index in range(k):
            word = offers[index]
            if word is None:
                break
            words.append(word.decode("utf-8", errors="replace"))
        self._lib.presage_free_string_array(offers)
        before, apostrophe, _ = text.rsplit(" ", 1)[-1].rpartition("'")
        return [before + apostrophe + word for word in words]

    def learn(self, text: str) -> None:
        """Counts a message's n-grams into its own database."""
        self._call("presage_learn", self._self, text.encode())

    def close(self) -> None:
        """Frees it."""
        self._lib.presage_free(self._self)

    def _call(self, name: str, *arguments: object) -> None:
        if code := getattr(self._lib, name)(*arguments):
            raise RuntimeError(f"{name} failed with presage's error {code}")


def _configuration(database: Path, folder: Path, suggestions: int) -> str:
    document = CONFIGURATION.read_text("utf-8")
    changes = {
        "/usr/share/presage/database_en.db": str(database),
        "${HOME}/.presage/lm.db": str(folder / "learned.db"),
        "<SUGGESTIONS>6<": f"<SUGGESTIONS>{suggestions}<",
        # The typist decides whether ignored words are shown again, in the same way for all.
        "<REPEAT_SUGGESTIONS>no<": "<REPEAT_SUGGESTIONS>yes<",
        # It learns by `learn` only.
        "<ONLINE_LEARNING>yes<": "<ONLINE_LEARNING>no<",
    }
    for old, new in changes.items():
        if document.count(old) != 1:
            raise RuntimeError(f"{CONFIGURATION} is not as expected: {old} is not there once")
        document = document.replace(old, new)
    return document


def lines_of(path: Path, lines: Iterable[str]) -> Path:
    """Writes a text for `train`."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
