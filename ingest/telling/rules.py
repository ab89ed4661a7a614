"""What rules say of a message, asked for by name."""

from __future__ import annotations

from typing import Any

from mappings.facts import Ruled
from mappings.log_words import Decider


class Rules:
    """What rules say of a message; many recipients ask the same of them."""

    __slots__ = ("_first", "_rules", "proxied")

    def __init__(self, rules: list[Ruled]) -> None:
        #: Whether a filter before the queue answered the client.
        self.proxied = False
        for rule in rules:
            self.proxied = self.proxied or rule.source is Decider.PROXY
        # Before the queue the client's own words stand in the proxied answer; behind it they may have been rewritten.
        self._rules = sorted(rules, key=lambda rule: rule.source is not Decider.PROXY) if self.proxied else rules
        self._first: dict[str, Ruled | None] = {}

    def first_with(self, name: str) -> Ruled | None:
        """The first rule that has an attribute."""
        if name not in self._first:
            self._first[name] = next((rule for rule in self._rules if getattr(rule, name) is not None), None)
        return self._first[name]

    def first(self, name: str) -> Any:
        """The value of an attribute as the first rule has it."""
        return getattr(self.first_with(name), name, None) if self._rules else None


#: Where no rule says anything.
NO_RULES = Rules([])
