"""How far reading has come: a bar with lines a second and the time left, on a terminal only."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mailtrace.show.console import PipeConsole

_TIMES_A_SECOND = 5


class CheckingBar:
    """A progress bar over the files of a store; does nothing where the stream is no terminal."""

    def __init__(self, stream: TextIO, files: int) -> None:
        """Make the bar ready; it is shown from `with` on."""
        self._progress = Progress(
            TextColumn("Checking"),
            BarColumn(),
            TextColumn("{task.completed} of {task.total} files"),
            console=PipeConsole(file=stream, highlight=False),
            transient=True,
            disable=not stream.isatty(),
        )
        self._task = self._progress.add_task("check", total=files)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def done(self) -> None:
        """One more file is checked."""
        self._progress.advance(self._task)


class ExportingBar:
    """A progress bar over the rows of an export; does nothing where the stream is no terminal."""

    def __init__(self, stream: TextIO, total: int | None) -> None:
        """Make the bar ready; it is shown from `with` on."""
        self._progress = Progress(
            TextColumn("Writing"),
            BarColumn(),
            TextColumn("{task.completed:,} rows"),
            TimeRemainingColumn(compact=True),
            console=PipeConsole(file=stream, highlight=False),
            transient=True,
            disable=not stream.isatty(),
        )
        self._task = self._progress.add_task("export", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def update(self, rows: int) -> None:
        """So many rows are written."""
        self._progress.update(self._task, completed=rows)


class ReadingBar:
    """A progress bar over the bytes of log files; does nothing where the stream is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Make the bar ready; it is shown from `with` on."""
        self._progress = Progress(
            TextColumn("Reading"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[rate]:>9,.0f} lines/s"),
            TextColumn("{task.fields[written]:,} traces"),
            TimeRemainingColumn(compact=True),
            console=PipeConsole(file=stream, highlight=False),
            transient=True,
            refresh_per_second=_TIMES_A_SECOND,
            disable=not stream.isatty(),
        )
        self._task = self._progress.add_task("read", total=None, rate=0.0, written=0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def update(self, read: int, total: int | None, lines: int, written: int) -> None:
        """Show how many bytes of how many have been read, in how many lines, and how many traces were written."""
        task = self._progress.tasks[0]
        rate = lines / task.elapsed if task.elapsed else 0.0
        self._progress.update(self._task, completed=read, total=total, rate=rate, written=written)
