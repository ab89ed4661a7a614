"""A value that is asked for, in its plain form; one that can never fit is refused in a sentence."""

from __future__ import annotations

import re
from typing import Final

from mappings import patterns
from mappings.criteria import Compare, Criterion
from search.query_error import QueryError, nearest

#: A value has at most so many characters; the longest address has 320.
LONGEST_VALUE: Final = 1_000
#: A value takes at most so many wildcards; each one more multiplies the work.
MOST_WILDCARDS: Final = 20
#: What is written as a network: an address, and how many of its bits count.
_NETWORK: Final = re.compile(r"[0-9.]+/[0-9]*|[0-9a-f]*:[0-9a-f:.]*/[0-9]*", re.ASCII | re.IGNORECASE).fullmatch


def checked_value(criterion: Criterion, value: str, *, wild: bool = True) -> str:
    """One value in its plain form; `wild` is False where `*` and `?` in it stand for themselves."""
    field = criterion.name
    if not isinstance(value, str):
        raise QueryError("a value must be text", field=field)
    if len(value) > LONGEST_VALUE:
        raise QueryError(
            f"a value of {len(value)} characters is too long", field=field, position=LONGEST_VALUE, hint=f"at most {LONGEST_VALUE}"
        )
    value = value.strip()
    if (position := patterns.has_unprintable(value)) is not None:
        raise QueryError("a value cannot hold control characters", field=field, position=position, hint="? stands for any one character")
    if criterion.closed is not None:
        return _checked_word(criterion, value)
    if criterion.compare is Compare.CODE:
        if patterns.asked_code(value) is None:
            raise QueryError(f"“{value[:60]}” is not a reply code", field=field, position=0, hint="give one such as 550, 5xx, 5.1.1 or 5.1")
        return value.lower()
    if criterion.compare is Compare.ADDRESS and value in ("", "<>"):
        return ""
    if not value:
        raise QueryError("the value is empty", field=field, hint="leave the field out to take all")
    if wild and sum(map(value.count, "*?")) > MOST_WILDCARDS:
        raise QueryError("too many wildcards", field=field, position=value.find("*"), hint=f"use at most {MOST_WILDCARDS}")
    if criterion.compare is Compare.SERVER and _NETWORK(value) is not None and patterns.asked_server(value, wild=wild).first is None:
        raise QueryError(f"“{value[:60]}” is no network", field=field, position=0, hint="give one such as 192.0.2.0/24 or 2001:db8::/32")
    if criterion.compare is Compare.DOMAIN and "@" in value[1:]:
        raise QueryError("an address is not a domain", field=field, position=value.find("@", 1), hint="ask for it as address")
    return value


def _checked_word(criterion: Criterion, value: str) -> str:
    """One word of a closed list; capitals and hyphens are forgiven."""
    word = value.lower().replace("-", "_").replace(" ", "_")
    known = [member.value for member in criterion.closed or ()]
    if word not in known:
        hint = nearest(word, known) or f"it is one of {', '.join(known)}"
        raise QueryError(f"there is no {criterion.name} “{value[:60]}”", field=criterion.name, position=0, hint=hint)
    return word
