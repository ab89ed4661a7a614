"""`mailtrace differs`: what a search has more of than all else."""

from __future__ import annotations

import csv
import sys
import time
from typing import Annotated

import msgspec
from cyclopts import Parameter, validators

from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.cli.counting import SHOWN, CountFormat, cells
from mailtrace.show.differing import DIFFERING_COLUMNS, differing_rows, show_differing
from mailtrace.show.screen import Screen
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from search.differing import others
from search.safe import printable_json


def differs(
    criteria: Criteria | None = None,
    *,
    against: Annotated[str | None, Parameter(group=SHOWN, show_default=False)] = None,
    limit: Annotated[int, Parameter(group=SHOWN, validator=validators.Number(gte=1))] = 20,
    format: CountFormat = "table",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """Show what a search has more of than all other mail, the most telling first.

    Compared are the values of all fields that can be counted, with all other traces of the same time.

    Parameters
    ----------
    against
        With which others it is compared, in the query language; by default with all.
    limit
        So many values.
    format
        How to write them.
    """
    settings = (common or Common()).settings()
    zone, now_ms = named(system_zone()), time.time_ns() // 1_000_000
    query = (criteria or Criteria()).question(settings, now_ms, zone)
    base = None if against is None else others(against, now_ms, zone)
    with asking(settings.store, settings.elasticsearch) as mail:
        found = mail.differs(query, against=base, limit=limit)
    if format == "json":
        print(printable_json(msgspec.json.encode(found)))
    elif format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(DIFFERING_COLUMNS)
        writer.writerows(map(cells, differing_rows(found)))
    else:
        show_differing(Screen(sys.stdout), found)
