"""An hour of mail: `mailtrace run` follows a log to which 500 messages a second are written, and which is rotated each minute.

Memory, open files and lag are printed each minute. They are flat where the last third of the time has no more than a tenth more than
the first third (lag: a second more, files: two more). What the program keeps of a time in memory is shortened in runs below an hour.

    PYTHONPATH=tests python -m soak.hour --minutes 60 --rate 500
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from search.engines.embedded import EmbeddedEngine
from soak.site import Growing, Site

#: So many rotated files are kept: the whole log would be some gigabytes.
_KEPT_LOGS = 3
#: How long a rotated file is followed, for what somebody still writes to it.
_LINGER_S = 60.0
#: How long a line may pin the position, by default; and, in a shorter run, which share of it. Memory is full after that time.
_PIN_S, _WARM = 600.0, 1 / 6
_MORE = 1.10
_MORE_LAG_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured in a minute, or a part of one."""

    at_s: float
    memory_mb: float
    #: Open files: those of the log, of which rotated ones are followed for a while, and all others.
    logs: int
    files: int
    #: How far the reading is behind the writing, in seconds of the log.
    lag_s: float
    written: int

    def words(self) -> str:
        """In a line."""
        parts = (f"{self.at_s / 60:5.1f} min", f"{self.memory_mb:7.1f} MB", f"{self.files:3d} files + {self.logs} logs")
        return "  ".join((*parts, f"{self.lag_s:5.1f} s lag", f"{self.written:,} lines "))


def main(argv: Sequence[str] | None = None) -> int:
    """Write, follow, measure; the exit code is 1 where something grew."""
    parser = argparse.ArgumentParser(prog="python -m soak.hour", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=500.0, help="messages a second")
    parser.add_argument("--rotate", type=float, default=60.0, help="seconds between two rotations")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="soak-hour-") as folder:
        samples = measured(Path(folder), rate=given.rate, seconds=given.minutes * 60, rotate_s=given.rotate)
    wrong = grown(samples, rotate_s=given.rotate)
    print(f"hour: {given.minutes:g} minutes, {given.rate:g} messages/s, {samples[-1].written:,} lines; {'; '.join(wrong) or 'flat'}")
    return 1 if wrong else 0


def measured(folder: Path, *, rate: float, seconds: float, rotate_s: float) -> list[Sample]:
    """Follow a log while it is written, and measure, once memory holds as much of a time as it ever does."""
    pin_s = min(_PIN_S, seconds * _WARM)
    warm_s = pin_s * 1.2
    data = folder / "data"
    site = Site(int(time.time()), int(time.time()), hosts=4, busy=4, rate=rate / 4)
    with (
        Growing(folder / "logs", site, pace=1.0, rotate_s=rotate_s, kept=_KEPT_LOGS) as growing,
        _following(growing.log, data, pin_s) as program,
    ):
        try:
            _wait(program, warm_s)
            began, samples = time.monotonic(), list[Sample]()
            every_s = min(60.0, seconds / 12)
            while (passed := time.monotonic() - began) < seconds - warm_s:
                _wait(program, every_s)
                samples.append(_sample(program.pid, data, growing, passed + every_s))
                told = samples[-1]
                print(told.words(), f"{growing.rotations} rotations", flush=True)
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(60)
    return samples


def grown(samples: Sequence[Sample], *, rotate_s: float) -> list[str]:
    """What the last third has more of than the first, in words."""
    third = max(1, len(samples) // 3)
    most = int(_LINGER_S / rotate_s) + 3
    wrong = [f"{one.logs} files of the log are open, {most} should be" for one in samples if one.logs > most][:1]
    for name, values, spare in (
        ("memory (MB)", [one.memory_mb for one in samples], 0.0),
        # Those that are just being synced.
        ("open files", [float(one.files) for one in samples], 2.0),
        ("lag (s)", [one.lag_s for one in samples], _MORE_LAG_S),
    ):
        first, last = mean(values[:third]), mean(values[-third:])
        print(f"{name}: {first:.1f} in the first third, {last:.1f} in the last")
        if last > first * _MORE + spare:
            wrong.append(f"{name} grew from {first:.1f} to {last:.1f}")
    return wrong


def _following(log: Path, data: Path, pin_s: float) -> subprocess.Popen[bytes]:
    """Start `mailtrace run` on a log; what it keeps in memory of a time is as much shorter as the pin is."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    command = [sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())", "run", str(log)]
    data.mkdir(parents=True, exist_ok=True)
    with (data.parent / "said.txt").open("wb") as said:
        times = {"MAILTRACE_PIN": f"{pin_s:g}", "MAILTRACE_HOLD_BACK": f"{pin_s / 10:g}", "MAILTRACE_MEMORY": f"{pin_s / 5:g}"}
        own = {"TZ": "UTC", "MAILTRACE_DATA": str(data), "MAILTRACE_HTTP_PORT": "0", **times}
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**inherited, **own})


def _wait(program: subprocess.Popen[bytes], seconds: float) -> None:
    """Let time pass; the program must not end."""
    try:
        program.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise SystemExit(f"`mailtrace run` ended with {program.returncode}")


def _sample(pid: int, data: Path, growing: Growing, at_s: float) -> Sample:
    """Look at the program as it is now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    memory_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    engine = EmbeddedEngine(data / "store")
    try:
        read_ms = max(engine.state().read_up_to_ms.values(), default=0)
    finally:
        engine.close()
    lag_s = max(0.0, growing.written_us / 1_000_000 - read_ms / 1_000)
    logs = files = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            is_log = str(link.readlink()).startswith(str(growing.log.parent))
            logs, files = logs + is_log, files + (not is_log)
    return Sample(at_s, memory_kb / 1024, logs, files, lag_s, growing.written)


if __name__ == "__main__":
    sys.exit(main())
