"""`mailtrace top`: the values of a field that most traces have."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter, validators

from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.cli.counting import SHOWN, CountFormat, Percentiles, Then, count, percentiles_of
from search.counting import CountsAsked


def top(
    field: Annotated[str, Parameter(name="FIELD")],
    /,
    criteria: Criteria | None = None,
    *,
    limit: Annotated[int, Parameter(group=SHOWN, validator=validators.Number(gte=1))] = 10,
    then: Then = None,
    of: Then = None,
    percentiles: Percentiles = None,
    format: CountFormat = "table",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """Count traces by a field, most first.

    Parameters
    ----------
    field
        What to count by, as sender_domain, disposition, reason, client or relay.
    limit
        So many values.
    then
        For each value count by this field, too.
    of
        A field of numbers, such as size or score, for --percentiles.
    percentiles
        Percentiles of the numbers, as 50,95,99.
    format
        How to write them.
    """
    count(criteria, CountsAsked(field, then, of, percentiles_of(percentiles), limit), format, common)
