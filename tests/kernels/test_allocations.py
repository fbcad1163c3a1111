"""No memory is asked for within a loop over time: a counter stands before the allocator."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.needs import needs

COUNTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
static long count;
long counted(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }
#define NEXT(name) static __typeof__(name)* next; \\
    if (!next) next = (__typeof__(name)*)dlsym(RTLD_NEXT, #name); \\
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED)
void* malloc(size_t size) { NEXT(malloc); return next(size); }
void* aligned_alloc(size_t to, size_t size) { NEXT(aligned_alloc); return next(to, size); }
int posix_memalign(void** at, size_t to, size_t size) {
    NEXT(posix_memalign);
    return next(at, to, size);
}
"""
PROGRAM = """
import ctypes, sys, torch
import foreword.nn as nn
from foreword.kernels.native import module

counted, real, found = ctypes.CDLL(None).counted, module.loaded(), []

class Counting:
    def __getattr__(self, name):
        function = getattr(real, name)
        def counting(*arguments):
            before = counted()
            result = function(*arguments)
            found.append((name, counted() - before))
            return result
        return counting if callable(function) and name != "empty" else function

torch.set_num_threads(2)
module.loaded = Counting
for asked in sys.argv[1:]:
    cell, zoneout = asked.split()
    layer = nn.Recurrent(cell, 32, 256, noise=nn.Noise(zoneout_hidden=float(zoneout)))
    for T in (3, 40):
        for again in range(4):
            found.clear()
            with nn.use("native", products="bfloat16" if again % 2 else "float32"):
                layer(torch.ones(T, 8, 32, requires_grad=True))[0].sum().backward()
        print([(name, count) for name, count in found if name != "threads_worth"])
"""


@needs("kernels")
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (apt install gcc)")
@pytest.mark.skipif(sys.platform != "linux", reason="no LD_PRELOAD on this system")
def test_a_longer_sequence_asks_for_no_more_pieces_of_memory(tmp_path: Path) -> None:
    source, library = tmp_path / "counter.c", tmp_path / "counter.so"
    source.write_text(COUNTER)
    command = ["cc", "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    cells = ["lstm 0", "gru 0", "rnn 0", "lstm-layernorm 0.1", "gru-layernorm 0"]
    environment = {"LD_PRELOAD": str(library), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *cells],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = done.stdout.splitlines()
    for cell, short, long in zip(cells, lines[::2], lines[1::2], strict=True):
        assert "back" in short
        assert short == long, cell
