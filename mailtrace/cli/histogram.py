"""`mailtrace histogram`: traces over time."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter, validators

from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.cli.counting import SHOWN, CountFormat, Percentiles, Then, count, percentiles_of
from search.counting import TIME, CountsAsked


def histogram(
    criteria: Criteria | None = None,
    *,
    interval: Annotated[str, Parameter(group=SHOWN)] = "auto",
    then: Then = None,
    limit: Annotated[int, Parameter(group=SHOWN, validator=validators.Number(gte=1))] = 10,
    of: Then = None,
    percentiles: Percentiles = None,
    format: CountFormat = "table",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """Count traces over time.

    A trace counts at the time when the message was first seen.

    Parameters
    ----------
    interval
        How long an interval is: auto, or one such as 5m, 1h, 1d, 1w, 1M, 1y.
    then
        In each interval count by this field, too.
    limit
        So many values of it.
    of
        A field of numbers, such as size or score, for --percentiles.
    percentiles
        Percentiles of the numbers, as 50,95,99.
    format
        How to write them.
    """
    count(criteria, CountsAsked(TIME, then, of, percentiles_of(percentiles), limit, interval), format, common)
