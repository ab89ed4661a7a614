"""A question in words: what each part of it asks for, said as one would say it."""

from __future__ import annotations

from mappings import patterns
from mappings.criteria import Compare, Criterion
from mappings.patterns import Form
from search.language.tree import All, Bare, Has, Known, Node, Not, Order, Ordered, Some
from search.times import format_time

_ORDERS = {Order.LESS: "below", Order.AT_MOST: "at most", Order.MORE: "above", Order.AT_LEAST: "at least"}
_TIME_ORDERS = {Order.LESS: "before", Order.AT_MOST: "up to", Order.MORE: "after", Order.AT_LEAST: "since"}


def described(node: Node) -> str:
    """A tree in words."""
    match node:
        case All(nodes):
            return " and ".join(_bracketed(inner, Some) for inner in nodes) or "everything"
        case Some(nodes):
            return _one_criterion(nodes) or " or ".join(_bracketed(inner, All) for inner in nodes) or "nothing"
        case Not(inner):
            return f"not {_bracketed(inner, Some | All)}"
        case Has(criterion, value, literal):
            return criterion_in_words(criterion, (value,), literal=literal)
        case Bare(value, literal):
            return f"{'like ' if patterns.is_pattern(value) and not literal else ''}“{value}” anywhere"
        case Known(criterion):
            return f"any {criterion.called}"
        case Ordered(criterion, order, bound):
            return _ordered(criterion, order, bound)


def criterion_in_words(criterion: Criterion, values: tuple[str, ...], *, literal: bool = False) -> str:
    """One criterion in words: `sender ann@example.org or in example.net`."""
    if criterion.compare is Compare.ADDRESS and values == ("",):
        return f"empty {criterion.called}" if "recipient" in criterion.called and criterion.name != "address" else "null sender"
    return f"{criterion.called} {' or '.join(_value(criterion, value, literal=literal) for value in values)}"


def shown_time(time_ms: float) -> str:
    """A time for a sentence: no more of it than it says."""
    text = format_time(int(time_ms)).replace("T", " ").removesuffix("Z").removesuffix(".000")
    return f"{text.removesuffix(':00')} UTC"


def _value(criterion: Criterion, value: str, *, literal: bool) -> str:
    """One value in words."""
    if criterion.compare is Compare.WORD:
        return value.replace("_", " ")
    if patterns.is_pattern(value) and not literal:
        return f"like {value}"
    if criterion.compare is Compare.TEXT:
        return f"with “{value}”"
    if criterion.compare is not Compare.ADDRESS:
        return value
    if not value:
        return "<>"
    asked = patterns.asked_address(value, wild=not literal)
    if asked.form is Form.DOMAIN:
        return f"in {asked.value}"
    return f"named {value.removesuffix('@')}" if asked.form is Form.LOCAL else value


def _ordered(criterion: Criterion, order: Order, bound: float) -> str:
    """A bound in words."""
    if criterion.compare is Compare.TIME:
        return f"{criterion.called} {_TIME_ORDERS[order]} {shown_time(bound)}"
    if criterion.compare is Compare.FLAG:
        return criterion.called if bound else f"not {criterion.called}"
    return f"{criterion.called} {_ORDERS[order]} {bound:g}"


def _one_criterion(nodes: tuple[Node, ...]) -> str | None:
    """Alternatives of one criterion."""
    found = [node for node in nodes if isinstance(node, Has)]
    if len(found) < 2 or len(found) < len(nodes) or len({(node.criterion, node.literal) for node in found}) > 1:
        return None
    return criterion_in_words(found[0].criterion, tuple(node.value for node in found), literal=found[0].literal)


def _bracketed(node: Node, kind: object) -> str:
    """A part in words, in brackets where it is of this kind."""
    text = described(node)
    return f"({text})" if isinstance(node, kind) and len(node.nodes) > 1 else text  # type: ignore[arg-type,union-attr]
