"""Time to load a model and suggest, and the memory of the process, in C and in Python.

    python benchmarks/c_library.py [MODEL] [--rounds 15]

Prints medians of fresh processes that take turns. The time in C is from the call that loads the
model to the first suggestion; in Python it is the same within a process that has imported what
`foreword.load` needs, and the memory includes the interpreter. Memory is what is resident (VmRSS),
with the parts of files that are mapped. Needs Linux, a C compiler, and the library that `make
.venv/.dev` builds. Run nothing else on the machine meanwhile.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EVERYDAY = ROOT / "packages/everyday-en/src/foreword_everyday_en/model"

IN_PYTHON = """
import sys, time
from foreword.predictor.predictor import load
start = time.perf_counter()
model = load(sys.argv[1])
loaded = time.perf_counter()
model.suggest("")
suggested = time.perf_counter()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
sizes = [status[name].split()[0] for name in ("VmRSS", "VmHWM")]
print(1e3 * (loaded - start), 1e3 * (suggested - start), *sizes)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=EVERYDAY)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        programs = {
            "C": [compiled("c_library", Path(folder)), chosen.model],
            "Python": [sys.executable, "-c", IN_PYTHON, chosen.model],
        }
        measured: dict[str, list[list[float]]] = {name: [] for name in programs}
        for _ in range(chosen.rounds):
            for name, command in programs.items():
                printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                measured[name].append([float(number) for number in printed.split()])
    for name, rows in measured.items():
        load, first, now, most = (statistics.median(column) for column in zip(*rows, strict=True))
        print(
            f"{name:7} loads in {load:6.2f} ms, suggests after {first:6.2f} ms; "
            f"resident {now / 1000:5.1f} MB, at most {most / 1000:5.1f} MB"
        )


def compiled(name: str, folder: Path) -> Path:
    """A program of this folder in C, compiled against the library."""
    libraries = sorted(ROOT.glob("build/native/*/libforeword.so"))
    compiler = shutil.which("cc")
    if not libraries or compiler is None:
        raise SystemExit("this needs a C compiler and libforeword: make .venv/.dev")
    program, library = folder / name, libraries[-1]
    source, include = ROOT / f"benchmarks/{name}.c", f"-I{ROOT / 'native'}"
    command = [compiler, "-std=gnu99", "-O2", include, source, library]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}", "-o", program], check=True)
    return program


if __name__ == "__main__":
    main()
