"""What is asked: a `Query`. Validated, describes itself in words, to and from a URL."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Final

import msgspec

from mappings import patterns
from mappings.patterns import Form
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.query_error import QueryError
from search.times import format_time, parse_time

__all__ = ["CRITERIA", "PARAMETERS", "Query", "QueryError", "format_time", "parse_time"]

#: A value has at most so many characters; the longest address has 320.
LONGEST_VALUE: Final = 1_000
#: One field takes at most so many alternatives.
MOST_VALUES: Final = 100
#: A value takes at most so many wildcards; each one more multiplies the work.
MOST_WILDCARDS: Final = 20

#: The closed words of a field.
WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "direction": Direction,
    "disposition": Disposition,
    "verdict": Verdict,
    "reason": Reason,
}
#: The fields of a question that are times and no criteria.
TIMES: Final = ("since_ms", "until_ms")
#: What each parameter asks for, in one sentence; options and the API tell it.
SENTENCES: Final[Mapping[str, str]] = {
    "sender": "Envelope sender or From header: an address, a domain or a pattern with * and ?; <> is the null sender.",
    "recipient": "Recipient, final or as first named: an address, a domain or a pattern.",
    "address": "Sender or recipient.",
    "quarantine_id": "Id of a kept message, whole or the part that people copy.",
    "message_id": "Message-ID, with or without its brackets.",
    "queue_id": "Queue id of any hop.",
    "client": "Name or address of the server that sent it to us.",
    "relay": "Name or address of the server that it went to.",
    "code": "Reply code: 550, 5.1.1, or a class such as 5xx or 5.1.",
    "direction": "inbound, outbound, internal, relayed or unknown.",
    "disposition": "What became of it: delivered, quarantined, bounced, rejected, deferred, ...",
    "verdict": "What the filter thought: clean, spam, virus, banned, ...",
    "reason": "Why it is not delivered: virus, spam, recipient_unknown, greylist, ...",
    "domain": "Domain of the sender or the recipient.",
    "customer": "Name of a customer in the settings: stands for the customer's domains.",
    "since": "From this time on: 2026-11-24, 2026-11-24T03:00, with a zone if need be, 7d, today, yesterday.",
    "until": "Before this time.",
}
_ADDRESSES: Final = frozenset({"sender", "recipient", "address"})
_LABELS: Final = {"address": "sender or recipient", "domain": "domain", "quarantine_id": "quarantine id"} | {
    "message_id": "Message-ID",
    "queue_id": "queue id",
}


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question. Different fields must all fit; several values of one field are alternatives; none is "everything".

    Text values may hold `*` (any characters) and `?` (one character) in any place. `sender`, `recipient` and `address` take an
    address, a bare domain (`example.net`, `@example.net`) or a pattern; `""` or `<>` is the null sender.

    Making one checks it: a bad question raises `QueryError`.
    """

    sender: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    #: Either side: sender or recipient.
    address: tuple[str, ...] = ()
    #: Sender's or recipient's domain.
    domain: tuple[str, ...] = ()
    quarantine_id: tuple[str, ...] = ()
    message_id: tuple[str, ...] = ()
    queue_id: tuple[str, ...] = ()
    #: Name, address or HELO of the sending server.
    client: tuple[str, ...] = ()
    #: Name or address of the next hop.
    relay: tuple[str, ...] = ()
    #: Basic (`550`) or enhanced code (`5.1.1`); `5` and `5.1` take the whole class.
    code: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    disposition: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    #: First sight at or after / before this time, in milliseconds since 1970 UTC.
    since_ms: int | None = None
    until_ms: int | None = None

    def __post_init__(self) -> None:
        """Check every value and bring it into its plain form."""
        for field in CRITERIA:
            given: tuple[str, ...] | str = getattr(self, field)
            if given:
                # A plain string is a likely slip in Python; it means the one value.
                values = (given,) if isinstance(given, str) else tuple(given)
                msgspec.structs.force_setattr(self, field, _checked(field, values))
            elif given == "":
                msgspec.structs.force_setattr(self, field, _checked(field, ("",)))
        if self.since_ms is not None and self.until_ms is not None and self.until_ms < self.since_ms:
            raise QueryError(
                f"{format_time(self.until_ms)} is before since, {format_time(self.since_ms)}", field="until", hint="exchange the two"
            )

    def describe(self) -> str:
        """The question in words."""
        parts = [_in_words(field, getattr(self, field)) for field in CRITERIA if getattr(self, field)]
        if self.since_ms is not None:
            parts.append(f"since {_shown_time(self.since_ms)}")
        if self.until_ms is not None:
            parts.append(f"before {_shown_time(self.until_ms)}")
        return ", ".join(parts) or "everything"

    def to_params(self) -> list[tuple[str, str]]:
        """The question as parameters of a URL; `from_params` gives it back."""
        params = [(field, value or "<>") for field in CRITERIA for value in getattr(self, field)]
        if self.since_ms is not None:
            params.append(("since", format_time(self.since_ms)))
        if self.until_ms is not None:
            params.append(("until", format_time(self.until_ms)))
        return params

    @classmethod
    def from_params(cls, params: Iterable[tuple[str, str]], *, now_ms: int, zone: tzinfo) -> Query:
        """The question that these parameters ask; a name that is none is an error, and so is a time given twice."""
        values: dict[str, list[str]] = {}
        for name, value in params:
            if name not in PARAMETERS:
                raise QueryError(
                    "there is no such parameter", field=name, hint=nearest(name, PARAMETERS) or f"there are {', '.join(PARAMETERS)}"
                )
            values.setdefault(name, []).append(value)
        return cls.of(values, now_ms=now_ms, zone=zone)

    @classmethod
    def of(cls, values: Mapping[str, Sequence[str]], *, now_ms: int, zone: tzinfo) -> Query:
        """The question of these values as people type them, by the names of `PARAMETERS`."""
        times: dict[str, int | None] = {}
        for name in ("since", "until"):
            given = values.get(name) or []
            if len(given) > 1:
                raise QueryError("it can be given only once", field=name)
            times[name] = parse_time(given[0], now_ms, zone, field=name) if given else None
        chosen = {field: tuple(values[field]) for field in CRITERIA if values.get(field)}
        return msgspec.structs.replace(cls(since_ms=times["since"], until_ms=times["until"]), **chosen)


#: Every criterion that takes values, in the order in which it is described.
CRITERIA: Final = tuple(name for name in Query.__struct_fields__ if name not in TIMES)
#: The names of a question's parameters in a URL.
PARAMETERS: Final = (*CRITERIA, "since", "until")


def nearest(word: str, words: Iterable[str]) -> str | None:
    """A hint that names the nearest of these words, where one is near."""
    close = difflib.get_close_matches(word.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f"did you mean “{close[0]}”?" if close else None


def _checked(field: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of one field in their plain form, each once; raises where one is wrong."""
    if len(values) > MOST_VALUES:
        raise QueryError(f"{len(values)} values are too many", field=field, hint=f"give at most {MOST_VALUES}")
    return tuple(dict.fromkeys(_checked_value(field, value) for value in values))


def _checked_value(field: str, value: str) -> str:
    """One value in its plain form."""
    if not isinstance(value, str):
        raise QueryError("a value must be text", field=field)
    if len(value) > LONGEST_VALUE:
        raise QueryError(
            f"a value of {len(value)} characters is too long", field=field, position=LONGEST_VALUE, hint=f"at most {LONGEST_VALUE}"
        )
    value = value.strip()
    if (position := patterns.has_unprintable(value)) is not None:
        raise QueryError("a value cannot hold control characters", field=field, position=position, hint="? stands for any one character")
    if (words := WORDS.get(field)) is not None:
        return _checked_word(field, value, words)
    if field == "code":
        if patterns.asked_code(value) is None:
            raise QueryError(f"“{value[:60]}” is not a reply code", field=field, position=0, hint="give one such as 550, 5xx, 5.1.1 or 5.1")
        return value.lower()
    if not value:
        if field in _ADDRESSES:
            return ""
        raise QueryError("the value is empty", field=field, hint="leave the field out to take all")
    if sum(map(value.count, "*?")) > MOST_WILDCARDS:
        raise QueryError("too many wildcards", field=field, position=value.find("*"), hint=f"use at most {MOST_WILDCARDS}")
    if field in _ADDRESSES and value == "<>":
        return ""
    if field == "domain" and "@" in value[1:]:
        raise QueryError("an address is not a domain", field=field, position=value.find("@", 1), hint="ask for it as address")
    return value


def _checked_word(field: str, value: str, words: type[StrEnum]) -> str:
    """One word of a closed list; capitals and hyphens are forgiven."""
    word = value.lower().replace("-", "_").replace(" ", "_")
    known = [member.value for member in words]
    if word not in known:
        hint = nearest(word, known) or f"it is one of {', '.join(known)}"
        raise QueryError(f"there is no {field} “{value[:60]}”", field=field, position=0, hint=hint)
    return word


def _in_words(field: str, values: tuple[str, ...]) -> str:
    """One criterion in words: `sender ann@example.org or in example.net`."""
    if field in _ADDRESSES and values == ("",):
        return "null sender" if field != "recipient" else "empty recipient"
    return f"{_LABELS.get(field, field)} {' or '.join(_value_in_words(field, value) for value in values)}"


def _value_in_words(field: str, value: str) -> str:
    """One value in words."""
    if field in WORDS:
        return value.replace("_", " ")
    if patterns.is_pattern(value):
        return f"like {value}"
    if field not in _ADDRESSES:
        return value
    if not value:
        return "<>"
    asked = patterns.asked_address(value)
    if asked.form is Form.DOMAIN:
        return f"in {asked.value}"
    return f"named {value.removesuffix('@')}" if asked.form is Form.LOCAL else value


def _shown_time(time_ms: int) -> str:
    """A time for a sentence: no more of it than it says."""
    text = format_time(time_ms).replace("T", " ").removesuffix("Z").removesuffix(".000")
    return f"{text.removesuffix(':00')} UTC"
