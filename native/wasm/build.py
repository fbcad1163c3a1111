"""Builds foreword.wasm, the core as a WebAssembly module.

    python native/wasm/build.py packages/javascript/foreword.wasm

The compiler is Clang with the C++ library for WASI, and Binaryen then makes the module a seventh
smaller. WASM_CXX and WASM_OPT may name other commands than `clang++` and `wasm-opt`. The sources
are those that the C interface reaches. The module holds their checksum, so
that a test can tell whether it was built from the sources that are there.
"""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NATIVE = Path(__file__).parents[1]
ROOT = NATIVE.parent
HEADER = NATIVE / "foreword.h"
BEGINNINGS = (NATIVE / "core/c_interface.cpp", NATIVE / "wasm/single_thread.cpp")
WITHOUT = {"core/files.hpp", "core/files.cpp", "parallel.cpp", "thread_pool.cpp", "matrix_unit.cpp"}
"""What needs a disk, threads, or a unit of some processors."""
KEPT = ROOT / "build/wasm"
"""Object files, by what they were made from."""
QUICK = ("kernels", "strips", "tiles")
"""In which most time passes; the rest is compiled to be small."""
TABLES = NATIVE / "core/unicode_tables.py"
PACKAGES = "apt install binaryen clang lld libc++-dev-wasm32 libclang-rt-dev-wasm32"
TARGET = ("--target=wasm32-wasi", "-msimd128", "-mbulk-memory", "-mnontrapping-fptoint")
COMPILED = (
    *("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"),
    *(
        "-Wno-align-mismatch",
        "-fvisibility=hidden",
        "-ffunction-sections",
        "-fdata-sections",
        "-DFOREWORD_ISA=baseline",
    ),
)
LINKED = (
    *(
        "-mexec-model=reactor",
        "-Wl,--gc-sections",
        "-Wl,-O2",
        "-Wl,--strip-all",
        "-Wl,-z,stack-size=1048576",
    ),
    *("-Wl,--export=malloc", "-Wl,--export=free", "-Wl,--export=__stack_pointer"),
)
OPTIMISED = (
    *("-O2", "--enable-simd", "--enable-bulk-memory"),
    *("--enable-nontrapping-float-to-int", "--enable-mutable-globals"),
)


def included(path: Path) -> Iterator[Path]:
    """The files that a file includes by name and that the module may have."""
    for name in re.findall(r'^#include "(.+)"', path.read_text("utf-8"), re.MULTILINE):
        header = Path(os.path.normpath(path.parent / name))
        if header.is_file() and header.relative_to(NATIVE).as_posix() not in WITHOUT:
            yield header


def reached(*beginnings: Path) -> list[Path]:
    """Some files and all that they include, directly or through others, in order."""
    known = set(beginnings)
    ahead = list(beginnings)
    while ahead:
        new = set(included(ahead.pop())) - known
        known |= new
        ahead += new
    return sorted(known)


def sources() -> list[Path]:
    """The C++ files to compile: with a header comes the file that defines what it declares."""
    chosen = set(BEGINNINGS)
    while True:
        defining = {path.with_suffix(".cpp") for path in reached(*chosen)}
        more = {
            path
            for path in defining
            if path.is_file() and path.relative_to(NATIVE).as_posix() not in WITHOUT
        }
        if more <= chosen:
            return sorted(chosen)
        chosen |= more


def read_for_tables() -> list[Path]:
    """The Python files whose characters and rules become tables, as tables.cmake has them."""
    named = re.findall(r"\w+/\w+\.py", (NATIVE / "core/tables.cmake").read_text("utf-8"))
    return sorted(ROOT / "src/foreword" / name for name in named)


def digest(paths: Iterable[Path], *words: str) -> str:
    """The SHA-256 of files, with their names, and of words."""
    total = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def checksum() -> str:
    """The SHA-256 of all that the module is made from."""
    return digest([*reached(*sources()), TABLES, *read_for_tables(), Path(__file__)])


def version() -> str:
    """The version of Foreword."""
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    (number,) = re.findall(r'^version = "(.+)"', settings, re.MULTILINE)
    return str(number)


def exported() -> Iterator[str]:
    """The functions of the C interface, without that which reads a disk."""
    for name in re.findall(r"\bforeword_\w+(?=\()", HEADER.read_text("utf-8")):
        if name != "foreword_model_load":
            yield f"-Wl,--export={name}"


def custom_section(name: str, content: str) -> bytes:
    """A section of a module that nothing runs; so short that its size is one byte."""
    body = bytes([len(name)]) + name.encode() + content.encode()
    return bytes([0, len(body)]) + body


def run(variable: str, usual: str, *arguments: str | Path) -> None:
    """Runs the command that an environment variable names, or the usual one; messages are shown."""
    command = shlex.split(os.environ.get(variable, usual))
    try:
        subprocess.run([*command, *arguments], check=True)
    except FileNotFoundError:
        sys.exit(f"{command[0]} was not found. Install all that the module needs: {PACKAGES}")
    except subprocess.CalledProcessError:
        sys.exit(f"{command[0]} failed. If it lacks a file of WASI: {PACKAGES}")


def clang(*arguments: str | Path) -> None:
    """Compiles or links."""
    run("WASM_CXX", "clang++", *arguments)


def compiled(source: Path) -> Path:
    """The object file of a source, kept until the source or what it includes changes."""
    tables = KEPT / "tables"
    flags = (
        *(*TARGET, *COMPILED, f'-DFOREWORD_VERSION="{version()}"'),
        "-O2" if source.stem in QUICK else "-Oz",
    )
    made_from = digest([*reached(source), *sorted(tables.iterdir())], *flags)
    kept = KEPT / f"{source.stem}-{made_from[:16]}.o"
    if not kept.is_file():
        print("compiling", source.relative_to(ROOT), flush=True)
        unfinished = kept.with_suffix(".new.o")
        clang(*flags, "-I", tables, "-c", source, "-o", unfinished)
        unfinished.replace(kept)
    return kept


def build(into: Path) -> None:
    """Compiles what changed, links it and optimises the module."""
    KEPT.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-B", TABLES, KEPT / "tables"], check=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, sources()))
    linked, optimised = KEPT / "linked.wasm", KEPT / "foreword.wasm"
    clang(*TARGET, *LINKED, *exported(), *objects, "-o", linked)
    run("WASM_OPT", "wasm-opt", *OPTIMISED, linked, "-o", optimised)
    into.write_bytes(optimised.read_bytes() + custom_section("sources", checksum()))
    print(f"{into}: {into.stat().st_size:,} bytes")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
