"""Has Atheris look for input that breaks what must hold of the predictor whatever comes in.

    python fuzz/fuzz.py PROPERTY [libFuzzer's options and corpus folders]
    python fuzz/fuzz.py --list

The properties are the tests of `tests/predictor/test_any_bytes.py` and, of the C library's typist,
of `tests/core/test_any_bytes.py`: Hypothesis makes a test's input of the bytes that Atheris chooses
by what Python code they reach (`fuzz_one_input`). Input that breaks one is left in a file; given as
the last argument it is tried again. Known is then a failing example, too: Hypothesis prints it.
"""

import gc
import importlib
import sys
from pathlib import Path
from types import FunctionType

ROOT = Path(__file__).parents[1]
PROPERTIES = ("tests.predictor.test_any_bytes", "tests.core.test_any_bytes")
PREFIX = "test_whatever_"


def main() -> None:
    try:
        import atheris
    except ImportError:
        raise SystemExit("Atheris is not there: pip install atheris (Linux, CPython)") from None
    sys.path.insert(0, str(ROOT))
    tests = {}
    for name in PROPERTIES:
        tests |= vars(importlib.import_module(name))
    for function in functions_of("foreword"):
        atheris.instrument_func(function)
    properties = {
        name.removeprefix(PREFIX): tests[name] for name in tests if name.startswith(PREFIX)
    }
    if sys.argv[1:] == ["--list"]:
        print("\n".join(properties))
        return
    if len(sys.argv) < 2 or sys.argv[1] not in properties:
        raise SystemExit(f"name a property, one of: {', '.join(properties)}")
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, properties[name].hypothesis.fuzz_one_input)
    atheris.Fuzz()


def functions_of(package: str) -> list[FunctionType]:
    """All that are loaded.

    Atheris' own hook for imports leaves modules as they are that another hook imports, as those of
    an editable install.
    """
    functions = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
    return [one for one in functions if (one.__module__ or "").split(".")[0] == package]


if __name__ == "__main__":
    main()
