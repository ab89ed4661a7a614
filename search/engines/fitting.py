"""Whether a trace fits one leaf of a question: what a store does with the fields that it has no column for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from mappings import patterns
from mappings.criteria import Compare
from mappings.fields import BY_NAME, Kind
from mappings.patterns import fold_domain, fold_name, searchable
from mappings.trace import Trace
from search.engines import Value
from search.language.tree import Has, Known, Leaf, Order, Ordered

_ORDERS: Mapping[Order, Callable[[float, float], bool]] = {
    Order.LESS: operator.lt,
    Order.AT_MOST: operator.le,
    Order.MORE: operator.gt,
    Order.AT_LEAST: operator.ge,
}
_OPTIONAL = [field for field in msgspec.structs.fields(Trace) if not field.required]
#: What a trace has of which no line tells it.
DEFAULTS = {field.name: field.default_factory() if field.default is msgspec.NODEFAULT else field.default for field in _OPTIONAL}
#: Words that say something also where they are the default.
_ALWAYS_KNOWN = frozenset({"disposition", "verdict", "direction"})
_WITHOUT_CASE = (Kind.FOLDED, Kind.DOMAIN)
Predicate = Callable[[Trace], bool]


def predicate(leaf: Leaf) -> Predicate:
    """The test of a leaf."""
    match leaf:
        case Has():
            return _has(leaf)
        case Known(criterion):
            return lambda trace: any(is_known(trace, name) for name in criterion.over)
        case Ordered(criterion, order, bound):
            compare = _ORDERS[order]
            return lambda trace: any((value := getattr(trace, name)) is not None and compare(value, bound) for name in criterion.over)


def any_of(tests: Sequence[Predicate]) -> Predicate:
    """The test that a trace passes which passes one of these."""
    return tests[0] if len(tests) == 1 else lambda trace: any(fits(trace) for fits in tests)


def in_order(value: float, order: Order, bound: float) -> bool:
    """Whether a value lies on this side of a bound."""
    return _ORDERS[order](value, bound)


def is_known(trace: Trace, name: str) -> bool:
    """Whether a field says anything: it differs from what a trace has of which no line tells it."""
    value = getattr(trace, name)
    return value is not None and (name in _ALWAYS_KNOWN or value != DEFAULTS.get(name))


def counted_value(trace: Trace, name: str) -> Value:
    """The value of a field that has one, as it is counted: folded, and None where a trace has none."""
    value = getattr(trace, name)
    if isinstance(value, str):
        return None if not value and name == "host" else folded_value(name, value)
    number: Value = value
    return number


def folded_value(name: str, text: str) -> str:
    """A text of a field as it is counted."""
    return searchable(fold_name(text) if BY_NAME[name].kind in _WITHOUT_CASE else str(text))


def _has(leaf: Has) -> Predicate:
    """The test of a value, for the ways of comparing that have no columns of their own."""
    wild = not leaf.literal
    fits: Callable[[str], bool]
    match leaf.criterion.compare:
        case Compare.WORD:
            fits = leaf.value.__eq__
        case Compare.DOMAIN:
            domain = patterns.asked_domain(leaf.value, wild=wild)
            fits = lambda text: domain.fits(searchable(fold_domain(text)))  # noqa: E731
        case Compare.FOLDED:
            folded = patterns.asked_folded(leaf.value, wild=wild)
            fits = lambda text: folded.fits(searchable(fold_name(text)))  # noqa: E731 - a case of one expression
        case Compare.TEXT:
            fits = patterns.asked_words(leaf.value, wild=wild).fits
        case Compare.EXACT:
            exact = patterns.asked_exact(leaf.value, wild=wild)
            fits = lambda text: exact.fits(searchable(text))  # noqa: E731
        case other:
            raise TypeError(f"{other} of {leaf.criterion.name} is compared by its columns")
    return partial(_any_fits, leaf.criterion.over, fits)


def _any_fits(names: tuple[str, ...], fits: Callable[[str], bool], trace: Trace) -> bool:
    """Whether a value of one of the fields fits."""
    for name in names:
        value = getattr(trace, name)
        for one in value if isinstance(value, list) else (value,):
            if one is not None and fits(one):
                return True
    return False
