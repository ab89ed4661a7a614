"""Generated questions in the query language: every criterion, with values that a trace has, nearly has, or could have."""

from __future__ import annotations

import random
from typing import Any

from mappings.criteria import BY_WORD, CRITERIA, Compare, Criterion
from mappings.trace import Trace
from search.query import format_time

#: Half of the names are those that people type, the others all that there are.
_NAMES = tuple(BY_WORD)
_TYPED = tuple(word for criterion in CRITERIA for word in (criterion.name, *criterion.words))
#: Kinds that are compared with < and >.
_ORDERED = (Compare.NUMBER, Compare.TIME)
_FIXED = {
    Compare.CODE: ("250", "2", "550", "55x", "5", "5xx", "5.1", "5.1.1", "5.1.x", "4", "421", "2.0.0", "599", "4.9.9"),
    Compare.FLAG: ("true", "false", "yes", "no"),
    Compare.SERVER: ("192.0.2.0/24", '"2001:db8::/32"', "192.0.2.*", "m*", "10.0.0.0/8", "unknown", "198.51.100.0/30"),
    Compare.TEXT: ("no", "OK", "in* no", "nothing", '"said no"', "host-said"),
}


def tree(chance: random.Random, traces: list[Trace], depth: int = 3) -> str:
    """A question about these traces."""
    shape = chance.random()
    if depth and shape < 0.45:
        joined = " and " if shape < 0.25 else " or "
        return joined.join(_part(chance, traces, depth) for _ in range(chance.choice((2, 2, 3))))
    if depth and shape < 0.6:
        return f"not {_part(chance, traces, depth)}"
    trace = chance.choice(traces)
    if shape > 0.93:
        return _written(
            chance, _text(chance, trace, BY_WORD[chance.choice(("address", "client", "subject", "queue_id", "reply", "detail"))])
        )
    name = chance.choice(_TYPED if chance.random() < 0.5 else _NAMES)
    criterion = BY_WORD[name]
    if criterion.compare in _ORDERED and chance.random() < 0.7:
        return f"{name} {chance.choice(('<', '<=', '>', '>='))} {_value(chance, trace, criterion)}"
    if chance.random() < 0.2:
        values = [_value(chance, chance.choice(traces), criterion) for _ in range(3)]
        return f"{name}: ({values[0]} {chance.choice(('and', 'or', 'and not'))} {values[1]} or {values[2]})"
    return f"{name}: {_value(chance, trace, criterion)}"


def _part(chance: random.Random, traces: list[Trace], depth: int) -> str:
    """A question within another."""
    return f"({tree(chance, traces, depth - 1)})"


def _value(chance: random.Random, trace: Trace, criterion: Criterion) -> str:
    """A value for a criterion, as it is written."""
    if chance.random() < 0.1:
        return "*"
    if criterion.compare in _FIXED and (criterion.compare not in (Compare.SERVER, Compare.TEXT) or chance.random() < 0.3):
        return chance.choice(_FIXED[criterion.compare])
    if criterion.closed is not None:
        return chance.choice([member.value for member in criterion.closed])
    held = getattr(trace, chance.choice(criterion.over))
    if criterion.compare is Compare.TIME:
        return f'"{format_time((held or trace.time_ms) + chance.choice((0, 0, 1, -1, 500)))}"'
    if criterion.compare is Compare.NUMBER:
        return f"{(held or 0) + chance.choice((0, 0, 0, 1, -0.5))}"
    return _written(chance, _text(chance, trace, criterion))


def _text(chance: random.Random, trace: Trace, criterion: Criterion) -> str:
    """A text that the trace has there, or something near it."""
    held: Any = getattr(trace, chance.choice(criterion.over))
    one = chance.choice(held) if isinstance(held, list) and held else held
    text = "".join(character for character in str(one or "nothing") if character.isprintable())[:200].strip() or "x"
    if criterion.compare is Compare.TEXT:
        words = text.split()
        text = " ".join(words[: chance.choice((1, 2, 9))])
    if criterion.compare is Compare.DOMAIN:
        text = text.rpartition("@")[2] or "example.net"
    start = chance.randrange(len(text))
    kind = chance.randrange(9)
    if kind == 0:
        return f"{text[:start]}*{text[chance.randrange(start, len(text)) :]}"
    if kind == 1:
        return f"*{text[start:]}"
    if kind == 2:
        return f"{text[: start + 1]}*"
    return (text.swapcase(), text[: start + 1], f"{text}x")[kind - 3] if kind < 6 else text


def _written(chance: random.Random, text: str) -> str:
    """A text in quotes, or with escapes; its stars are wildcards in the second way alone."""
    while text.count("*") + text.count("?") > 20:
        text = text.replace("?", "", 1).replace("*", "", 1)
    if chance.random() < 0.5 or not text.strip() or text.strip().lower() in ("and", "or", "not"):
        return '"' + (text.strip() or "x").replace("\\", "\\\\").replace('"', '\\"') + '"'
    plain = "".join(f"\\{one}" if one in '\\():<>"{}' else one for one in text)
    return " ".join(f"\\{word}" if word.lower() in ("and", "or", "not") else word for word in plain.split())
