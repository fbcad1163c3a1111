"""Installs by pip, and shows what takes long: a line for each file that is compiled or downloaded.

    python native/install.py ARGUMENTS-OF-PIP-INSTALL...

pip shows nothing while it compiles, and thousands of lines if it is asked to. Knows pip's output
alone.
"""

import re
import subprocess
import sys

SHOWN = re.compile(
    r"\s*(\[\d+/\d+\] Building CXX object .*/(?:native|src)/.*|Downloading .*|-- Kernels for .*)"
)
FILE = re.compile(r"(\[\d+/\d+\]) Building CXX object CMakeFiles/(\w+)[^ ]*/(\w+\.cpp)\.o")


def main() -> int:
    command = [sys.executable, "-m", "pip", "install", "--verbose", "--disable-pip-version-check"]
    kept = []
    with subprocess.Popen(
        [*command, *sys.argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            kept.append(line)
            if SHOWN.match(line):
                print(FILE.sub(r"compiling \1 \2: \3", line.strip()), flush=True)
    if pip.returncode:
        print("".join(kept[-200:]), file=sys.stderr)
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main())
