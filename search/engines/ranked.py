"""Rows by a number: what a page of them is, in every store the same."""

from __future__ import annotations

from collections.abc import Sequence

from search.query_error import QueryError


def behind(ranked: Sequence[str], cursor: str | None) -> Sequence[str]:
    """The ids of a ranking that follow a cursor, the id of the row before; raises `QueryError` where that one is not listed."""
    if cursor is None:
        return ranked
    if cursor not in ranked:
        raise QueryError("the row that it stands for is not listed any more", field="cursor", hint="begin anew without it")
    return ranked[ranked.index(cursor) + 1 :]


def rank(number: float | None, trace: str) -> tuple[bool, float, str]:
    """By what rows are ranked, the greatest first: those without a number last, and of those that are alike the newer first."""
    return (number is not None, number or 0, trace)
