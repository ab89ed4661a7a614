"""Counts in the terminal: a table with bars, and the same as rows for CSV."""

from __future__ import annotations

from collections.abc import Sequence

from mailtrace.amounts import counted
from mailtrace.show.layout import GAP, Column, fit
from mailtrace.show.screen import Screen
from search.counting import Bucket, TimeCounts, ValueCount, ValueCounts
from search.engines import Value

_BAR = 24
_NONE = "(none)"


def show_counts(screen: Screen, found: ValueCounts | TimeCounts) -> None:
    """Show counts as a table, most first, or over time."""
    entries = _entries(found)
    if not entries:
        screen.line("Nothing was found.")
        return
    numbers = list(dict.fromkeys(name for _, one in entries for name in one.percentiles or {}))
    most = max(one.count for _, one in entries) or 1
    columns = [Column(found.by.replace("_", " ").capitalize(), 20), Column("Traces"), Column(""), *(Column(f"p{name}") for name in numbers)]
    rows = []
    for name, one in entries:
        bar = "#" * round(_BAR * one.count / most)
        rows.append([name, f"{one.count:,}", bar, *(_number((one.percentiles or {}).get(number)) for number in numbers)])
        rows += [[f"  {value_in_words(inner.value)}", f"{inner.count:,}", "", *("" for _ in numbers)] for inner in one.then or []]
    title, *table = fit(columns, rows, screen.width)
    screen.line(GAP.join(title).rstrip(), "bold")
    for row in table:
        screen.line(GAP.join(row).rstrip())
    screen.line()
    screen.line(_foot(found))


def rows_of(found: ValueCounts | TimeCounts) -> tuple[list[str], list[list[Value]]]:
    """Counts as rows, a row for each value or interval, or for each value of the second field in it."""
    entries = [(one.time if isinstance(one, Bucket) else one.value, one) for one in _listed(found)]
    names = list(dict.fromkeys(name for _, one in entries for name in one.percentiles or {}))
    then = any(one.then is not None for _, one in entries)
    header = [found.by, *(["then"] if then else []), "count", *(f"p{name}" for name in names)]
    rows: list[list[Value]] = []
    for value, one in entries:
        numbers: list[Value] = [(one.percentiles or {}).get(name) for name in names]
        if then:
            rows += [[value, inner.value, inner.count, *numbers] for inner in one.then or []]
        else:
            rows.append([value, one.count, *numbers])
    return header, rows


def _listed(found: ValueCounts | TimeCounts) -> Sequence[ValueCount | Bucket]:
    """The values, or the intervals."""
    return found.values if isinstance(found, ValueCounts) else found.buckets


def _entries(found: ValueCounts | TimeCounts) -> list[tuple[str, ValueCount | Bucket]]:
    """The values or intervals with how they are called."""
    return [(one.time.replace("T", " ")[:16] if isinstance(one, Bucket) else value_in_words(one.value), one) for one in _listed(found)]


def value_in_words(value: Value) -> str:
    """A value as a table shows it."""
    if value is None:
        return _NONE
    return "<>" if value == "" else str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: float | None) -> str:
    """A number as a table shows it."""
    return "" if value is None else f"{value:,g}" if value != int(value) else f"{int(value):,}"


def _foot(found: ValueCounts | TimeCounts) -> str:
    """How many there are in all."""
    if isinstance(found, TimeCounts):
        return f"{counted(found.total, 'trace')}, by intervals of {found.interval}; times are in UTC."
    parts = [f"{counted(found.total, 'trace')}, {counted(found.distinct.value, 'value')}"]
    if found.rest:
        parts.append(f"{found.rest:,} with other values")
    if found.missing:
        parts.append(f"{found.missing:,} with none")
    return ", ".join(parts) + "."
