"""Forgeries: what a stranger would like to be believed, put into every part that he writes, of every shape of every format.

`forgeries(seed)` never ends; `believed` tells what of a line was taken for a fact that is not the part's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from formats.format_samples import facts_of, framed
from formats.parts import DOMAIN, Shape
from formats.strangers import SHAPES
from ingest.formats import Outcome, parser_of
from mappings.facts import Fact, fields_of, kind_of

#: What an honest line says, and what the stranger would rather have it say.
_VICTIM = {
    "anna@example.com": "ceo@victim.example",
    "bob@example.com": "ceo@victim.example",
    "203.0.113.5": "192.0.2.66",
    "198.51.100.9": "192.0.2.67",
    "mail.sender.example": "mail.victim.example",
    "80582186537": "4DDD1111AAA",
    "6C8F93041B": "4DDD2222BBB",
    "2mXHabcdefgh": "KEPTaaaaaaaa",
    "550": "250",
    "rejected": "accepted",
    "bounced": "sent",
    "add header": "no action",
    "9.00": "0.10",
    "plain:anna": "plain:ceo@victim.example",
    DOMAIN: "bank.example",
}
_BREAKS = (
    "",
    '"',
    "\\",
    '\\"',
    ">",
    ">: ",
    ")",
    ") ",
    '" ',
    "', ",
    ", ",
    " ",
    "; ",
    "<",
    "'",
    '"@x> ',
    "]",
    "]), ",
    "}",
    ";}",
    "#",
    ">>",
    '">',
)
_ENDS = (
    "",
    '"',
    "\\",
    "<",
    "(",
    ' T="',
    ' DN="',
    ' Subject: "',
    ', Subject: "',
    ", mime_rcpts: <",
    ", Message-ID: <",
    ' sasl_sender="',
    " x",
    '<"',
    ": ",
    '"@',
)
_WORDS = (
    "; from=<boss@bank.example> to=<ceo@victim.example> proto=ESMTP helo=<h>",
    ", sasl_username=root, orig_queue_id=4DDD1111AAA, orig_client=a[192.0.2.66]",
    " sasl_username=root",
    ") {RelayedInbound}, [192.0.2.66]:25 <boss@bank.example> -> <ceo@victim.example>, mail_id: KEPTaaaaaaaa, Hits: 0, size: 1, 1 ms",
    " from mail.bank.example[192.0.2.66]; from=<boss@bank.example> to=<ceo@victim.example> proto=ESMTP helo=<h>: x",
    "', (default: F (no action): [0.10/15.00] [",
    "]), len: 5, time: 1ms, dns req: 3, digest: <c9a2de2de982e8ae8c750bb5569b2711>, rcpts: <ceo@victim.example>",
    ' R=r T=t H=h [192.0.2.66] C="250 ok"',
    " P=esmtpsa A=plain:root S=5 id=q@bank.example for ceo@victim.example",
    ") [192.0.2.66] F=<boss@bank.example> rejected RCPT <ceo@victim.example>: no",
    ", relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered)",
    ", size=1, nrcpt=1 (queue active)",
    ',"queue_id":"4DDD1111AAA","rcpt_to":["ceo@victim.example"],"a":"',
    " orig_id=4DDD1111AAA",
)
#: Made of the other fields: where less is told, they say less.
_IN_OUR_WORDS = frozenset({"verdict", "asked", "reason"})


def outcome_of(shape: Shape, texts: dict[str, str]) -> Outcome:
    """What the format makes of a shape with these texts."""
    parse = parser_of(shape.tag, shape.tag.rpartition("/")[2])
    assert parse is not None
    return parse(framed(shape.tag, shape.filled(texts)))


def forgeries(seed: int) -> Iterator[tuple[Shape, dict[str, str]]]:
    """Shapes with strangers' texts in one to three of their parts; the same for the same seed."""
    dice = random.Random(seed)
    while True:
        shape = dice.choice(SHAPES)
        parts = dice.sample(shape.parts, min(len(shape.parts), dice.choice((1, 1, 1, 2, 2, 3))))
        yield shape, {part.name: _text(dice, shape) for part in parts}


def _text(dice: random.Random, shape: Shape) -> str:
    """A text that imitates the rest of the line, the line of another shape, or a piece of one."""
    pieces = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        match dice.randrange(4):
            case 0:
                pieces.append(dice.choice(_WORDS))
            case 1:
                pieces.append(dice.choice(_BREAKS) + dice.choice(_ENDS))
            case chosen:
                line = _victims((shape if chosen == 2 else dice.choice(SHAPES)).filled({}))
                start = dice.randrange(len(line)) if dice.random() < 0.7 else max(line.find(" "), 0)
                end = len(line) if dice.random() < 0.6 else dice.randrange(start, len(line)) + 1
                pieces.append(line[start:end])
    return dice.choice(_BREAKS) + "".join(pieces) + dice.choice(_ENDS)


def _victims(line: str) -> str:
    """An honest line with the stranger's wishes in it."""
    for honest, wanted in _VICTIM.items():
        line = line.replace(honest, wanted)
    return line


def believed(shape: Shape, texts: dict[str, str]) -> dict[str, tuple[Any, Any]]:
    """The fields that a stranger changed though they are none of his, with what they are and what they should be.

    Nothing is believed where the line yields no fact, or where a field is empty: what cannot be told is not told.
    """
    honest, found = facts_of(outcome_of(shape, {})), facts_of(outcome_of(shape, texts))
    assert honest, shape.line
    if not found:
        return {}
    kinds, usual = [kind_of(fact) for fact in found], [kind_of(fact) for fact in honest]
    # A kind may be left out, and then it is not told; one of a list may not.
    if kinds != [kind for kind in usual if kind in kinds]:
        return {"kinds": (kinds, usual)}
    others = [fact for fact in honest if kind_of(fact) in kinds]
    return {name: values for one, other in zip(found, others, strict=True) for name, values in _changed(shape, texts, one, other).items()}


def _changed(shape: Shape, texts: dict[str, str], found: Fact, honest: Fact) -> dict[str, tuple[Any, Any]]:
    """The fields of one fact that are not as they should be."""
    wrong: dict[str, tuple[Any, Any]] = {}
    own = {name for part in shape.parts if part.name in texts for name in part.own}
    less = any(name not in fields_of(found) for name in fields_of(honest))
    for name, value in fields_of(found).items():
        usual = fields_of(honest).get(name)
        if name in own:
            if not _is_own(shape, texts, name, value, usual):
                wrong[name] = (value, usual)
        elif not _is_told(name, value, usual) and not (less and name in _IN_OUR_WORDS):
            wrong[name] = (value, usual)
    return wrong


def _is_told(name: str, value: Any, usual: Any) -> bool:
    """Whether a value is what it should be, or is not told."""
    if isinstance(value, dict) and isinstance(usual, dict):
        return all(_is_told(part, one, usual.get(part)) for part, one in value.items())
    return value == usual or not value or (value is True and name in {"cut", "more"})


def _is_own(shape: Shape, texts: dict[str, str], name: str, value: Any, usual: Any) -> bool:
    """Whether an address that a stranger wrote is his, as a whole, or is not told."""
    if name not in {"sender", "recipient", "recipients", "original"}:
        return True
    usuals = set(usual if isinstance(usual, list) else [usual])
    return all(one in usuals or one.endswith(f"@{DOMAIN}") for one in (value if isinstance(value, list) else [value]) if one)


def told(shape: Shape, texts: dict[str, str], wrong: dict[str, tuple[Any, Any]]) -> str:
    """A forgery that was believed, in words."""
    return f"{shape.tag}: {shape.filled(texts)}\n    parts: {texts}\n    believed: {wrong}"
