"""Who asks: the domains whose mail a caller may see. Part of the query, never a filter afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see: traces whose `visible_to` holds one of `domains`; None is everything."""

    domains: frozenset[str] | None = None

    def sees(self, visible_to: list[str]) -> bool:
        """Whether a trace with these domains is in scope."""
        return self.domains is None or not self.domains.isdisjoint(visible_to)

    def narrowed(self, domains: Iterable[str]) -> Scope:
        """The part of this scope that these (normalised) domains are; a scope can be narrowed, never widened."""
        wanted = frozenset(domains)
        return Scope(wanted if self.domains is None else self.domains & wanted)


EVERYTHING = Scope()
