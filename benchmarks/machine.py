"""Describe the machine of a measurement, and the measured code."""

import platform
import subprocess
from pathlib import Path

import torch


def machine(device: str | None = None) -> str:
    """Of the processor, and of the GPU where one was used."""
    description = f"{platform.machine()}, {processor()}"
    if device is None or torch.device(device).type == "cpu":
        return description
    return f"{torch.cuda.get_device_name(device)}; {description}"


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def commit() -> str | None:
    """The commit that the code is at, with a + where it differs; None where that is not known."""

    def git(*arguments: str) -> str:
        run = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "../src", "../native", ".", ":!results")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
