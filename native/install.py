"""Installs by uv, or by pip where uv fails, and shows each file that is compiled or downloaded.

    python native/install.py ARGUMENTS-OF-PIP-INSTALL...

uv downloads several packages at once, and compiles beside that; pip does one after the other. Both
show nothing while they compile, and thousands of lines if they are asked to. Knows their output and
pip's configuration alone.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys

SHOWN = re.compile(
    r"(?:DEBUG )?\s*(\[\d+/\d+\] Building CXX object .*/(?:native|src)/.*|Downloading [\w-]+ \(.*"
    r"|Downloading \S+\.whl .*|-- Kernels for .*)"
)
FILE = re.compile(r"(\[\d+/\d+\]) Building CXX object CMakeFiles/(\w+)[^ ]*/(\w+\.cpp)\.o")

PIP = [sys.executable, "-m", "pip"]
OPTIONS_OF_UV = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
}
"""By the names in pip's configuration, which uv does not read."""


def main() -> int:
    arguments = sys.argv[1:]
    if has_uv():
        if run([*uv(), *arguments]) == 0:
            return 0
        print("uv could not install it: pip tries", flush=True)
    return run([*PIP, "install", "--verbose", "--disable-pip-version-check", *arguments])


def has_uv() -> bool:
    if importlib.util.find_spec("uv") is None:
        wanted = [*PIP, "install", "--quiet", "--disable-pip-version-check", "uv>=0.10"]
        subprocess.run(wanted, capture_output=True, check=False)
        importlib.invalidate_caches()
    return importlib.util.find_spec("uv") is not None


def uv() -> list[str]:
    """Takes packages from where pip takes them, and the best version of all places, as pip does."""
    options = ["--python", sys.executable, "--system-certs", "--index-strategy=unsafe-best-match"]
    for name, value in configuration().items():
        for part in value.split() if name in OPTIONS_OF_UV else []:
            options += [OPTIONS_OF_UV[name], part]
    return [sys.executable, "-m", "uv", "pip", "install", "--verbose", *options]


def configuration() -> dict[str, str]:
    """What pip's files and environment variables say; what stands later in it goes before."""
    shown = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False)
    lines = [line.partition("=") for line in shown.stdout.splitlines()]
    return {
        name.removeprefix(section): ast.literal_eval(value)
        for section in ("global.", "install.", ":env:.")
        for name, _, value in lines
        if name.startswith(section)
    }


def run(command: list[str]) -> int:
    kept = []
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as installing:
        assert installing.stdout is not None
        for line in installing.stdout:
            kept.append(line)
            if shown := SHOWN.match(line):
                print(FILE.sub(r"compiling \1 \2: \3", shown[1]), flush=True)
    if installing.returncode:
        print("".join(kept[-200:]), file=sys.stderr)
    return installing.returncode


if __name__ == "__main__":
    sys.exit(main())
