"""Every engine answers every criterion: one that an engine leaves out would be answered with everything."""

from __future__ import annotations

from functools import cache

from search.query import Query


@cache
def compiles_all(engine: str, compiled: tuple[str, ...], asked: type[Query] = Query) -> None:
    """Raise `TypeError` where questions of this type have a field that is not among those that an engine compiles.

    Engines call it when they are imported, and for the type of each question that they get.
    """
    unknown = [name for name in asked.__struct_fields__ if name not in compiled]
    if unknown:
        raise TypeError(
            f"{engine} does not compile {', '.join(unknown)} of {asked.__name__}: who asks for it would get everything. Add it there."
        )
