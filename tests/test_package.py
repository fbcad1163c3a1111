import subprocess
import sys
from importlib.metadata import metadata, version

import pytest
from tests.needs import needs

import foreword
from foreword import compiled


def test_the_public_names_are_a_handful_and_all_there() -> None:
    rooms = ("inspect", "memory")
    functions = [n for n in foreword.__all__ if not n.endswith("Error") and n not in rooms]
    assert functions == [
        "compare",
        "compress",
        "evaluate",
        "export",
        "federate",
        "load",
        "pack",
        "prepare",
        "train",
        "tune",
    ]
    assert all(callable(getattr(foreword, name)) for name in foreword.__all__ if name not in rooms)
    assert [getattr(foreword, room).__name__ for room in rooms] == [f"foreword.{r}" for r in rooms]
    assert dir(foreword) == sorted(foreword.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'foreword' has no attribute 'trian'"):
        _ = foreword.trian


def test_importing_and_loading_bring_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys, foreword; foreword.load; from foreword.cli.app import VERBS\n"
        "for verb in VERBS: __import__(f'foreword.cli.{verb}')\n"
        "print([name for name in ('torch', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_command_imports_no_other_command() -> None:
    program = (
        "import sys; from foreword.cli.main import main\n"
        "sys.argv = ['foreword', 'serve', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "from foreword.cli.app import VERBS\n"
        "print([verb for verb in VERBS if f'foreword.cli.{verb}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "['serve']", done.stderr


def test_the_base_installation_needs_no_torch() -> None:
    needed = metadata("foreword").get_all("Requires-Dist") or []
    base = [line for line in needed if "extra ==" not in line]
    assert base
    assert not any(line.startswith(("torch", "matplotlib")) for line in base)
    assert version("foreword")


@needs("compiler")
def test_the_native_kernels_are_there_wherever_a_compiler_is() -> None:
    """An installation goes through without them, so that a mistake in C++ would pass unseen."""
    assert compiled.why_absent() is None
