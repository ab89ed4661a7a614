"""What a run has read and written, at its end."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.summary import Summary
from mailtrace.amounts import counted
from mailtrace.show.screen import Screen

_NAMED = 8


def show_summary(screen: Screen, summary: Summary, *, refused: int = 0, too_old: int = 0) -> None:
    """Show the warnings, what was left out, and last the line with the numbers."""
    for warning in summary.warnings:
        screen.paragraph(f"Note: {warning}")
    for sentence in _left_out(summary, refused=refused, too_old=too_old):
        screen.paragraph(sentence)
    screen.line(f"Read {counted(summary.files, 'file')}, {counted(summary.lines, 'line')}; wrote {counted(summary.traces, 'trace')}.")


def _left_out(summary: Summary, *, refused: int, too_old: int) -> list[str]:
    """Say what was not understood or not stored: nothing is left out in silence."""
    told = []
    if summary.unknown:
        told.append(f"Unknown lines: {_by_name(summary.unknown)}.")
    if summary.foreign:
        told.append(f"Lines of other programs, not read: {_by_name(summary.foreign)}.")
    if summary.unframed:
        told.append(f"Lines without a time stamp, not read: {_by_name(summary.unframed)}.")
    if summary.ahead:
        told.append(f"{counted(summary.ahead, 'line')} of the future: stamped more than an hour ahead of this machine's clock.")
    if refused:
        told.append(f"{counted(refused, 'trace')} could not be stored; `mailtrace deadletters list` shows them.")
    if too_old:
        told.append(f"{counted(too_old, 'trace')} not stored: older than what retention has deleted.")
    return told


def _by_name(counts: Mapping[str, int]) -> str:
    """Write counts with their names, the greatest first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{name or 'without a name'} {number:,}" for name, number in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        named.append(f"{len(ranked) - _NAMED:,} more")
    return ", ".join(named)
