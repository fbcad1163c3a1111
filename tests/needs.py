"""What some tests need of the machine: how it is found, and how to have it. Knows no test."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from tests.core.library import built

from foreword import compiled

# Nothing is downloaded: the browser is the one that the machine has.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NEOVIM = shutil.which("nvim")


def version_of(nvim: str | None) -> tuple[int, ...]:
    """Neovim's version; (0, 0) where there is none."""
    if nvim is None:
        return (0, 0)
    line = subprocess.run([nvim, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return tuple(int(part) for part in line.removeprefix("NVIM v").split("-")[0].split("."))


NEOVIM_VERSION = version_of(NEOVIM)
# IBus with an X server without a screen, and a window of GTK 3 to type in.
_OF_IBUS = (
    "bin/ibus-daemon",
    "bin/Xvfb",
    "bin/xdotool",
    "lib/*/gtk-3.0/*/immodules/im-ibus.so",
    "lib/*/girepository-1.0/Gtk-3.0.typelib",
    "lib/python3/dist-packages/gi",
)
_COMPILER = any(map(shutil.which, ("c++", "g++", "clang++")))

# Name: whether it is there, and the reason of a skip, which says how to have it.
NEEDS = {
    "chromium": (CHROMIUM is not None, "no Chromium (apt install chromium)"),
    "nginx": (NGINX is not None, "no nginx (apt install nginx)"),
    "neovim": (NEOVIM_VERSION >= (0, 7), "no Neovim 0.7 or newer (apt install neovim)"),
    "ibus": (
        all(any(Path("/usr").glob(pattern)) for pattern in _OF_IBUS),
        "no IBus, Xvfb and GTK (apt install ibus ibus-gtk3 xvfb xdotool python3-gi gir1.2-gtk-3.0)",
    ),
    "npm": (shutil.which("npm") is not None, "no npm (apt install npm)"),
    "compiler": (_COMPILER, "no C++ compiler (apt install g++)"),
    "kernels": (
        compiled.loaded() is not None,
        "no native kernels (apt install g++, make clean, make test)",
    ),
    "c_library": (built() is not None, "no libforeword (make .venv/.dev)"),
    "gpu": (torch.cuda.is_available(), "no CUDA device"),
}


def needs(name: str) -> pytest.MarkDecorator:
    """Skips a test where the machine lacks what it needs."""
    is_there, reason = NEEDS[name]
    return pytest.mark.skipif(not is_there, reason=reason)


def summary(reasons: Iterable[str]) -> str:
    """One line: how many tests were skipped, why, and how to have what they need.

    >>> summary(["no nginx (apt install nginx)", "no CUDA device", "no CUDA device"])
    '3 tests were skipped: no CUDA device: 2; no nginx (apt install nginx): 1'
    >>> summary(["no CUDA device"])
    '1 test was skipped: no CUDA device: 1'
    """
    counts = Counter(reasons)
    text = "; ".join(f"{reason}: {count}" for reason, count in counts.most_common())
    total = counts.total()
    return f"{total} {'test was' if total == 1 else 'tests were'} skipped: {text}"
