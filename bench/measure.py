"""Measuring: a program run as a child with the system's own account of it, medians with their spread, and tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

#: The console script of this environment, as users run it.
MAILTRACE = str(Path(sys.executable).with_name("mailtrace"))
#: CPU is compared with that of other programs, each of one process; `bench.workers` has several.
ALONE = {"MAILTRACE_PROCESSES": "1"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a program took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int
    #: What it said on standard error.
    said: str


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end; what it prints is thrown away."""
    began = time.perf_counter()
    with subprocess.Popen(
        list(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", env={**os.environ, **(env or {})}
    ) as child:
        said = child.stderr.read() if child.stderr is not None else ""
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, child.returncode, said)


def checked(done: Run, what: str) -> Run:
    """The run, where it ended well; else the benchmark ends with what the program said."""
    if done.code != 0:
        raise SystemExit(f"{what} ended with {done.code}: {done.said.strip()[-500:]}")
    return done


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median with least and greatest."""
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    return f"{median(values):,.{digits}f} [{min(values):,.{digits}f} to {max(values):,.{digits}f}]"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table in Markdown, so that it can be taken into a document as it is."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    laid = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in [head, *rows]]
    return "\n".join([f"\n{title}\n", laid[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *laid[1:], ""])


def show(text: str) -> None:
    """Print at once, for runs take long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def machine() -> dict[str, Any]:
    """Say on what it was measured."""
    model = next(
        (x.partition(":")[2].strip() for x in _text("/proc/cpuinfo").splitlines() if x.startswith("model name")), platform.machine()
    )
    memory = next((int(x.split()[1]) for x in _text("/proc/meminfo").splitlines() if x.startswith("MemTotal")), 0)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gb": round(memory / 1024 / 1024, 1),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _text(path: str) -> str:
    """Read a file of the system, empty where there is none."""
    file = Path(path)
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def parser(module: str, text: str | None) -> argparse.ArgumentParser:
    """Make the parser that all benchmarks share."""
    made = argparse.ArgumentParser(prog=f"python -m bench.{module}", description=(text or "").splitlines()[0])
    made.add_argument("--json", type=Path, help="write the figures to this file too")
    return made


def keep(path: Path | None, name: str, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON, where that is wanted."""
    if path is not None:
        path.write_text(json.dumps({"benchmark": name, "machine": machine(), **figures}, indent=1) + "\n", encoding="utf-8")
