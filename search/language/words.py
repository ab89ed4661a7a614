"""A question in words: what each part of it asks for, said as one would say it."""

from __future__ import annotations

from collections.abc import Callable

from mappings import patterns
from mappings.criteria import Compare, Criterion
from mappings.locales import filled
from mappings.patterns import Form
from search.language.tree import All, Bare, Has, Known, Node, Not, Order, Ordered, Some
from search.times import format_time

#: Says a phrase with its values in a language.
Say = Callable[..., str]
_ORDERS = {
    Order.LESS: "{name} below {value}",
    Order.AT_MOST: "{name} at most {value}",
    Order.MORE: "{name} above {value}",
    Order.AT_LEAST: "{name} at least {value}",
}
_TIME_ORDERS = {
    Order.LESS: "{name} before {value}",
    Order.AT_MOST: "{name} up to {value}",
    Order.MORE: "{name} after {value}",
    Order.AT_LEAST: "{name} since {value}",
}


def in_english(phrase: str, /, **values: str | float) -> str:
    """A phrase as it is."""
    return filled(phrase, **{name: str(value) for name, value in values.items()})


def described(node: Node, say: Say = in_english) -> str:
    """A tree in words, in the language in which `say` says phrases."""
    match node:
        case All(nodes):
            return f" {say('and')} ".join(_bracketed(inner, Some, say) for inner in nodes) or say("everything")
        case Some(nodes):
            return _one_criterion(nodes, say) or f" {say('or')} ".join(_bracketed(inner, All, say) for inner in nodes) or say("nothing")
        case Not(inner):
            return f"{say('not')} {_bracketed(inner, Some | All, say)}"
        case Has(criterion, value, literal):
            return criterion_in_words(criterion, (value,), say, literal=literal)
        case Bare(value, literal):
            like = patterns.is_pattern(value) and not literal
            return say("like “{value}” anywhere" if like else "“{value}” anywhere", value=value)
        case Known(criterion):
            return say("any {name}", name=say(criterion.called))
        case Ordered(criterion, order, bound):
            return _ordered(criterion, order, bound, say)


def criterion_in_words(criterion: Criterion, values: tuple[str, ...], say: Say = in_english, *, literal: bool = False) -> str:
    """One criterion in words: `sender ann@example.org or in example.net`."""
    name = say(criterion.called)
    if criterion.compare is Compare.ADDRESS and values == ("",):
        return say("empty {name}", name=name) if "recipient" in criterion.called and criterion.name != "address" else say("null sender")
    return name + " " + f" {say('or')} ".join(_value(criterion, value, say, literal=literal) for value in values)


def shown_time(time_ms: float) -> str:
    """A time for a sentence: no more of it than it says."""
    text = format_time(int(time_ms)).replace("T", " ").removesuffix("Z").removesuffix(".000")
    return f"{text.removesuffix(':00')} UTC"


def _value(criterion: Criterion, value: str, say: Say, *, literal: bool) -> str:
    """One value in words."""
    if criterion.compare is Compare.WORD:
        return value.replace("_", " ")
    if patterns.is_pattern(value) and not literal:
        return say("like {value}", value=value)
    if criterion.compare is Compare.TEXT:
        return say("with “{value}”", value=value)
    if criterion.compare is not Compare.ADDRESS:
        return value
    if not value:
        return "<>"
    asked = patterns.asked_address(value, wild=not literal)
    if asked.form is Form.DOMAIN:
        return say("in {value}", value=asked.value)
    return say("named {value}", value=value.removesuffix("@")) if asked.form is Form.LOCAL else value


def _ordered(criterion: Criterion, order: Order, bound: float, say: Say) -> str:
    """A bound in words."""
    name = say(criterion.called)
    if criterion.compare is Compare.TIME:
        return say(_TIME_ORDERS[order], name=name, value=shown_time(bound))
    if criterion.compare is Compare.FLAG:
        return name if bound else f"{say('not')} {name}"
    return say(_ORDERS[order], name=name, value=f"{bound:g}")


def _one_criterion(nodes: tuple[Node, ...], say: Say) -> str | None:
    """Alternatives of one criterion."""
    found = [node for node in nodes if isinstance(node, Has)]
    if len(found) < 2 or len(found) < len(nodes) or len({(node.criterion, node.literal) for node in found}) > 1:
        return None
    return criterion_in_words(found[0].criterion, tuple(node.value for node in found), say, literal=found[0].literal)


def _bracketed(node: Node, kind: object, say: Say) -> str:
    """A part in words, in brackets where it is of this kind."""
    text = described(node, say)
    return f"({text})" if isinstance(node, kind) and len(node.nodes) > 1 else text  # type: ignore[arg-type,union-attr]
