"""What `make` installs with: uv, from where pip takes packages, or pip where uv fails."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script, for a pip that is configured by one file alone."""
    configured = tmp_path / "pip.conf"
    configured.write_text(
        "[global]\nindex-url = https://one.example/simple\nfind-links =\n  wheels\n  more\n"
        "[install]\nindex-url = https://two.example/simple\n",
        "utf-8",
    )
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configured))
    spec = importlib.util.spec_from_file_location("install", ROOT / "native/install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_uv_takes_packages_from_where_pip_takes_them(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://three.example/simple")
    summary = " ".join(install.uv())
    assert "--default-index https://two.example/simple" in summary
    assert "one.example" not in summary
    assert "--find-links wheels --find-links more" in summary
    assert "--index https://three.example/simple" in summary


@pytest.mark.parametrize(("code", "programs"), [(0, ["uv"]), (1, ["uv", "pip"])])
def test_pip_installs_what_uv_could_not(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, code: int, programs: list[str]
) -> None:
    ran: list[list[str]] = []
    codes = iter([code, 0])
    monkeypatch.setattr(install, "has_uv", lambda: True)
    monkeypatch.setattr(install, "run", lambda command: ran.append(command) or next(codes))
    monkeypatch.setattr(sys, "argv", ["install.py", "--editable", ".[dev]"])
    assert install.main() == 0
    assert [command[2] for command in ran] == programs
    assert all(command[-2:] == ["--editable", ".[dev]"] for command in ran)


PRINTED = """DEBUG Searching for a compatible version of numpy
Downloading numpy (16.1MiB)
  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)
DEBUG Downloading and building requirement for build: editables==0.6
DEBUG -- Kernels for baseline;avx2
DEBUG [3/7] Building CXX object CMakeFiles/kernels_avx2.dir/home/me/foreword/native/staged.cpp.o
"""


def test_a_line_is_shown_for_each_file_and_the_rest_where_it_fails(
    install: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    program = f"print({PRINTED!r}, end=''); raise SystemExit(3)"
    assert install.run([sys.executable, "-c", program]) == 3
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "Downloading numpy (16.1MiB)",
        "Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)",
        "-- Kernels for baseline;avx2",
        "compiling [3/7] kernels_avx2: staged.cpp",
    ]
    assert shown.err.strip() == PRINTED.strip()
