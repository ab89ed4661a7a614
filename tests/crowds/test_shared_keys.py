"""A key that many share costs no more than its line: the steps that a log takes grow as its lines do.

Steps are calls of functions, ours and the interpreter's, so that no clock decides; what is following a log is tried, for there the
same messages are looked at again and again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import NOW_S

from bench.crowds import CROWDS, log
from ingest import pipeline
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink

#: Messages of the smaller log; more than any bound of ours on what may share a name.
_FEW = 130
_TIMES = 4
#: So many times the steps at most for so many times the lines: in proportion it would be four times, by the square sixteen.
_MOST = 5.5


class _Following(Ingest):
    """Writes whatever changed at each look, as it does where all files are read to their end."""

    def _flush(self, *, everything: bool, final: bool = False) -> None:
        super()._flush(everything=True, final=final)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at what can be written after so few lines that it is looked at many times."""
    monkeypatch.setattr(pipeline, "_FLUSH_LINES", 40)
    monkeypatch.setattr(pipeline, "_CHUNK", 40)


def _steps(folder: Path, lines: list[str], kind: type[Ingest]) -> int:
    """Read lines into a new store, and count calls meanwhile."""
    folder.mkdir()
    file = folder / "mail.log"
    file.write_text("".join(lines), encoding="utf-8")
    calls = 0

    def count(frame: FrameType, event: str, given: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    with closing(EmbeddedSink(folder / "store")) as sink:
        options = IngestOptions((str(file),), timezone=ZoneInfo("UTC"), year=2026, memory_s=20)
        ingest = kind(options, sink, folder / "data", clock=lambda: NOW_S)
        before: Callable[..., Any] | None = sys.getprofile()
        sys.setprofile(count)
        try:
            ingest.run_once()
        finally:
            sys.setprofile(before)
    assert ingest.summary.lines == len(lines)
    assert not ingest.summary.unknown, ingest.summary.samples
    return calls


@pytest.mark.parametrize("name", CROWDS)
@pytest.mark.usefixtures("often")
def test_steps_grow_as_lines_do(name: str, tmp_path: Path) -> None:
    """Four times the messages that share one key: at most five and a half times the steps."""
    few, many = (list(log(CROWDS[name], count, shared=True)) for count in (_FEW, _TIMES * _FEW))
    steps = _steps(tmp_path / "few", few, _Following)
    more = _steps(tmp_path / "many", many, _Following)
    assert more <= _MOST * steps, f"{len(few)} lines take {steps} steps, {len(many)} lines {more}: {more / steps:.1f} times"
