"""Every name in the C++ code stands for one definition, whichever file it is read from.

Two structs of one name in two files break C++'s one-definition rule. The compiler sees one file at
a time; only the link with link-time optimisation can compare them. The files that include Python's
headers are left out, because those are not installed beside the tests.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[1] / "native"
WITH_PYTHON = {
    *("arguments", "core_module", "decoder_module", "layers", "module"),
    *("network_module", "typist_module"),
}
COMPILER = shutil.which("g++")
OPTIONS = ["-std=c++17", "-O0", "-flto", "-Wodr", "-Werror=odr", "-fPIC"]
# The definitions are compared, and no machine code is made.
OPTIONS += ["-r", "-flinker-output=rel"]


def is_gcc() -> bool:
    if COMPILER is None:
        return False
    version = subprocess.run([COMPILER, "--version"], capture_output=True, text=True).stdout
    return "Free Software Foundation" in version


pytestmark = pytest.mark.skipif(not is_gcc(), reason="no GCC (apt install g++)")


def link(sources: list[Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile and link sources, in a folder for what is made."""
    assert COMPILER is not None
    return subprocess.run(
        [COMPILER, *OPTIONS, "-DFOREWORD_ISA=baseline", *sources, "-o", folder / "linked.o"],
        capture_output=True,
        text=True,
        cwd=folder,
    )


def test_no_name_in_the_native_code_has_two_definitions(tmp_path: Path) -> None:
    sources = [path for path in sorted(NATIVE.glob("*.cpp")) if path.stem not in WITH_PYTHON]
    sources.remove(NATIVE / "best_set.cpp")  # a program of its own
    assert len(sources) > 5
    linked = link(sources, tmp_path)
    assert linked.returncode == 0, linked.stderr


def test_a_second_definition_of_a_struct_is_reported(tmp_path: Path) -> None:
    sources = [tmp_path / "a.cpp", tmp_path / "b.cpp"]
    sources[0].write_text("struct Step { int word; }; int a(Step* s) { return s->word; }", "utf-8")
    sources[1].write_text("struct Step { float x; }; float b(Step* s) { return s->x; }", "utf-8")
    linked = link(sources, tmp_path)
    assert linked.returncode != 0
    assert "violates the C++ One Definition Rule" in linked.stderr
