"""What `mailtrace top` and `mailtrace histogram` share: the question, the zone, and how counts are written."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from cyclopts import Group, Parameter

from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.problems import WrongUsage
from mailtrace.show.counts import rows_of, show_counts
from mailtrace.show.screen import Screen
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from search.counting import CountsAsked, TimeCounts, ValueCounts
from search.safe import csv_cell, printable_json, safe

SHOWN = Group("What to count, and how to show it", sort_key=2)
Then = Annotated[str | None, Parameter(group=SHOWN, show_default=False)]
Percentiles = Annotated[str | None, Parameter(group=SHOWN, show_default=False)]
CountFormat = Annotated[Literal["table", "json", "csv"], Parameter(group=SHOWN)]


def percentiles_of(text: str | None) -> tuple[float, ...]:
    """The numbers of `50,95,99`."""
    try:
        return tuple(float(one) for one in text.split(",")) if text else ()
    except ValueError as error:
        raise WrongUsage(f"--percentiles: {text!r} is no list of numbers; give one such as 50,95,99") from error


def count(criteria: Criteria | None, asked: CountsAsked, shown: str, common: Common | None) -> None:
    """Count, and write it."""
    settings = (common or Common()).settings()
    zone = named(system_zone())
    query = (criteria or Criteria()).question(settings, time.time_ns() // 1_000_000, zone)
    with asking(settings.store, settings.elasticsearch) as mail:
        found = mail.counts(asked, query, zone=zone)
    _write(found, shown)


def _write(found: ValueCounts | TimeCounts, shown: str) -> None:
    """Write counts in one of the formats."""
    if shown == "json":
        print(printable_json(msgspec.json.encode(found)))
    elif shown == "csv":
        header, rows = rows_of(found)
        writer = csv.writer(sys.stdout)
        writer.writerow(header)
        writer.writerows(map(cells, rows))
    else:
        show_counts(Screen(sys.stdout), found)


def cells(row: Sequence[object]) -> list[object]:
    """A row of CSV: numbers as they are, text guarded against formulas."""
    return [csv_cell(safe(one)) if isinstance(one, str) else one for one in row]
