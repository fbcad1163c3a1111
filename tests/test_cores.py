"""How many cores a process may use, by the files of a kernel that sets a quota."""

import os
from pathlib import Path

import pytest

from foreword import cores


def system(folder: Path, cgroup: str, files: dict[str, str]) -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        path = folder / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("cgroup", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        (
            "0::/user/app\n",
            {"user/app/cpu.max": "max 100000\n", "user/cpu.max": "50000 100000"},
            0.5,
        ),
        (
            "0::/user/app\n",
            {"user/app/cpu.max": "100000 100000", "user/cpu.max": "300000 100000"},
            1,
        ),
        ("0::/docker/4711\n", {"cpu.max": "200000 100000\n"}, 2),
        (
            "5:cpuset:/\n4:cpu,cpuacct:/docker/4711\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            2.5,
        ),
        (
            "4:cpu,cpuacct:/a\n0::/\n",
            {"cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
            None,
        ),
        ("0::/\n", {"cpu.max": "what\n"}, None),
        ("", {}, None),
    ],
    ids=[
        *("version 2", "no limit", "of the group above", "the smallest", "the host's path"),
        *("version 1", "version 1 without", "damaged", "no cgroups"),
    ],
)
def test_the_quota_is_the_smallest_of_the_cgroup_and_those_above(
    cgroup: str, files: dict[str, str], quota: float | None, tmp_path: Path
) -> None:
    assert cores.quota(system(tmp_path, cgroup, files)) == quota


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (2.5, 3), (0.2, 1), (64.0, 8)])
def test_cores_are_those_of_the_affinity_that_the_quota_pays_for(
    quota: float | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores.available.cache_clear()
    monkeypatch.setattr(cores, "quota", lambda: quota)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    assert cores.available() == expected
    cores.available.cache_clear()
