"""Ways to take logs apart: cut at about the same log time, split, shuffled; by bytes, knowing nothing of what lines say."""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from random import Random

_FINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d")
_WHOLE = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
_CTIME = re.compile(rb"[A-Z][a-z]{2} ([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \d{4} ")
_OWN = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
#: A file is cut up to so many bytes after the time at which all files are cut.
_RAGGED = 300


def stamp_of(line: bytes) -> float | None:
    """The time of a line by its machine's clock, in seconds since 1970 as if that were UTC of 2026: offsets count for nothing."""
    if found := _FINE.match(line):
        return datetime.fromisoformat(found[0].decode()).replace(tzinfo=UTC).timestamp()
    if found := _OWN.match(line):
        return datetime.fromisoformat(found[0].decode()).replace(tzinfo=UTC).timestamp()
    if found := _CTIME.match(line):
        return _seconds(found[1])
    return _seconds(found[0]) if (found := _WHOLE.match(line)) else None


def _seconds(text: bytes) -> float:
    return datetime.strptime(f"2026 {text.decode()}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def stamps(content: bytes) -> tuple[list[float], list[int]]:
    """The times of a log's lines, never decreasing, with the offsets at which the lines begin."""
    times: list[float] = []
    offsets: list[int] = []
    at = 0
    for line in content.splitlines(keepends=True):
        time = stamp_of(line)
        if time is not None:
            times.append(max(time, times[-1]) if times else time)
            offsets.append(at)
        at += len(line)
    return times, offsets


def moved(line: bytes, seconds: int) -> bytes:
    """A line whose stamp is so much later, whatever zone it names; what has no stamp stays as it is."""
    by = timedelta(seconds=seconds)
    if found := _FINE.match(line):
        stamp = (datetime.fromisoformat(found[0].decode()) + by).isoformat(timespec="microseconds")
    elif found := _OWN.match(line):
        text = found[0].decode()
        stamp = (datetime.fromisoformat(text) + by).isoformat(" ", "milliseconds" if "." in text else "seconds")
    elif found := _CTIME.match(line):
        stamp = f"{datetime.strptime(found[0].decode().strip(), '%a %b %d %H:%M:%S %Y') + by:%a %b %d %H:%M:%S %Y} "
    elif found := _WHOLE.match(line):
        moment = datetime.strptime(f"2026 {found[0].decode()}", "%Y %b %d %H:%M:%S") + by
        stamp = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}"
    else:
        return line
    return stamp.encode() + line[found.end() :]


def cuts(contents: dict[str, bytes], rng: Random, number: int) -> list[dict[str, bytes]]:
    """What the files hold at several moments, each longer than before and the last whole.

    Files that belong together are cut at about the same log time, at any byte; a line may be cut in two.
    """
    known = {name: stamps(content) for name, content in contents.items()}
    begin = min(times[0] for times, _ in known.values())
    end = max(times[-1] for times, _ in known.values())
    moments = sorted(rng.uniform(begin, end) for _ in range(number))
    states: list[dict[str, bytes]] = []
    for moment in moments:
        state = {}
        for name, content in contents.items():
            times, offsets = known[name]
            index = bisect_left(times, moment)
            at = offsets[index] if index < len(offsets) else len(content)
            longest = len(states[-1][name]) if states else 0
            state[name] = content[: max(longest, min(len(content), at + rng.randrange(_RAGGED)))]
        states.append(state)
    return [*states, contents]


def parts(contents: dict[str, bytes], rng: Random, number: int) -> list[dict[str, bytes]]:
    """The files in several parts, cut between lines at about the same log time; a part has no file where that would be empty."""
    found: list[dict[str, bytes]] = []
    done = dict.fromkeys(contents, 0)
    for state in cuts(contents, rng, number):
        part = {}
        for name, content in state.items():
            end = content.rfind(b"\n") + 1
            if end > done[name]:
                part[name] = content[done[name] : end]
                done[name] = end
        found.append(part)
    return found


def shuffled(content: bytes, rng: Random, within: int) -> bytes:
    """The same lines, each at most so many places from where it stood.

    A record that is split over several lines, all of them with `...`, stays in order: its pieces name each other only so.
    """
    lines = content.splitlines(keepends=True)
    places = [(index if _is_piece(line) else index + rng.random() * within, index) for index, line in enumerate(lines)]
    return b"".join(lines[index] for _, index in sorted(places))


def _is_piece(line: bytes) -> bool:
    """Whether a line is a piece of a record of several lines."""
    text = line.rstrip(b"\n")
    return text.endswith(b"...") or re.search(rb"\]: \([0-9A-Za-z_+-]+\) \.\.\.", text) is not None
