"""What a run has read and written, at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ingest.formats import FORMATS
from ingest.summary import Summary, Tally
from mailtrace.amounts import counted
from mailtrace.not_read import no_rights
from mailtrace.show.screen import Screen

_NAMED = 8
_TITLES = {one.name: one.title for one in FORMATS}


def show_summary(screen: Screen, summary: Summary, *, refused: int = 0, too_old: int = 0) -> None:
    """Show what was in each file, the warnings, what was left out, and last the line with the numbers."""
    others = [path for path, tally in summary.tallies.items() if _is_other(tally)]
    for path, tally in summary.tallies.items():
        if len(others) == 1 or path not in others:
            screen.paragraph(f"{path}: {contents(tally)}")
    if len(others) > 1:
        named = ", ".join(Path(path).name for path in others[:_NAMED])
        more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        screen.paragraph(f"{len(others):,} files are no mail logs, none of their lines is of a program that is read: {named}{more}.")
    for warning in summary.warnings:
        if warning not in summary.unread:
            screen.paragraph(f"Note: {warning}")
    for sentence in summary.unread:
        mend = f"; {no_rights(summary.no_rights[sentence])}" if sentence in summary.no_rights else ""
        screen.paragraph(f"Not read: {sentence}{mend}.")
    for sentence in _left_out(summary, refused=refused, too_old=too_old):
        screen.paragraph(sentence)
    screen.line(f"Read {counted(summary.files, 'file')}, {counted(summary.lines, 'line')}; wrote {counted(summary.traces, 'trace')}.")


def _is_other(tally: Tally) -> bool:
    """Whether a file is no mail log, as far as its lines tell."""
    return bool(tally.lines) and not tally.recognised and tally.strangest is None


def contents(tally: Tally) -> str:
    """Say what a file is, and how much of it was understood: `1,234 lines: Postfix 1,200, amavisd-new 30; 0.3 % unknown`."""
    lines = counted(tally.lines, "line")
    if not tally.recognised and tally.strangest is not None:
        return f"{lines}, and none could be read: {tally.strangest.in_words}."
    if not tally.recognised:
        return f"{lines}, no mail log: none is of a program that is read." if tally.lines else "empty."
    formats = Counter({_TITLES[name]: number for name, number in (tally.known + tally.unknown + tally.free).items()})
    said = [f"{lines}: {_by_name(formats)}"]
    said.append(f"{_share(tally.unknown.total(), tally.recognised)} unknown")
    for number, what in (
        (tally.free.total(), "free text of administrators"),
        (tally.foreign.total(), "of other programs"),
        (tally.unframed, "without a time stamp"),
        (tally.repeats, "repeats of others"),
    ):
        if number:
            said.append(f"{_share(number, tally.lines)} {what}")
    if tally.strangest is not None:
        said.append(f"{_share(tally.strange, tally.lines)} could not be read: {tally.strangest.in_words}")
    return "; ".join(said) + "."


def _share(part: int, whole: int) -> str:
    """A share in per cent; what is there is never nothing."""
    if not part:
        return "0 %"
    return f"{max(100 * part / whole, 0.1):.1f} %" if part < whole else "100 %"


def _left_out(summary: Summary, *, refused: int, too_old: int) -> list[str]:
    """Say what was not understood or not stored: nothing is left out in silence."""
    told = []
    if summary.unknown:
        told.append(f"Unknown lines: {_by_name(summary.unknown)}.")
    if summary.foreign:
        told.append(f"Lines of other programs, not read: {_by_name(summary.foreign)}.")
    if "postfix" in summary.foreign:
        told.append(
            "Lines of a program called just `postfix` that do not tell which one wrote them: syslog cut its name; see docs/programs.md."
        )
    if summary.ahead:
        told.append(f"{counted(summary.ahead, 'line')} of the future: stamped more than an hour ahead of this machine's clock.")
    if summary.failed:
        told.append(
            f"Lines put aside because of a fault of Mail Trace itself: {_by_name(summary.failed)}; see `mailtrace deadletters list`."
        )
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
