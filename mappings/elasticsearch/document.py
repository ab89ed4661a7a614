"""A trace as Elasticsearch holds it: a JSON object under the names of the table of fields, each dot in them an object within.

Searched values are folded as questions are. Where that changes a value, the original stands in `mailtrace.as_written` under the
field's own name, so nothing is lost and nearly nothing is written twice. The journey stands in `mailtrace.events` (`mappings.wire`).

Earlier releases wrote the names with their dots, and the journey as a list of events, `mailtrace.hops` and `mailtrace.decided`: to the
server both are the same, and both are read here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, get_type_hints

import msgspec

from mappings import address, identity
from mappings.elasticsearch.levels import Level, Typed, struct_of
from mappings.elasticsearch.template import AS_WRITTEN, CONSTANTS, ECS_VERSION, QUARANTINE_FORMS
from mappings.fields import BY_NAME, Kind
from mappings.patterns import fold_domain, fold_name, ip_text, quarantine_forms
from mappings.printable import printable
from mappings.trace import Event, Trace
from mappings.vocabulary import Disposition
from mappings.wire.reading import WiredJourney, put_into
from mappings.wire.writing import journey_of

#: Longer keys are looked up by a hash of their rest: a keyword has its limit, and a look-up must find all.
_LONGEST_KEY = 512
_HIGHEST = (1 << 63) - 1
#: What ECS wants of every event, under its names: what is the same for all of ours, how it ended, and how long it took in nanoseconds.
_EVENT = {name.replace(".", "_"): name for name, _ in CONSTANTS}
_SAID = (ECS_VERSION, "event", ["email"], ["info"], "mailtrace.trace")
_OUTCOMES = {
    **dict.fromkeys((Disposition.DELIVERED, Disposition.RELEASED, Disposition.EXPANDED), "success"),
    **dict.fromkeys((Disposition.BOUNCED, Disposition.EXPIRED, Disposition.REJECTED, Disposition.TEMPFAILED), "failure"),
    **dict.fromkeys((Disposition.QUARANTINED, Disposition.DISCARDED, Disposition.DELETED, Disposition.ABORTED), "failure"),
}
#: Their defaults are words that people search for, so they are always written.
_ALWAYS = ("disposition", "verdict", "direction")
_NAMES = Trace.__struct_fields__

folded_address: Callable[[str], str] = lru_cache(maxsize=65536)(address.fold)
folded_domain: Callable[[str], str] = lru_cache(maxsize=65536)(fold_domain)
folded_name: Callable[[str], str] = lru_cache(maxsize=65536)(fold_name)
folded_ip: Callable[[str], str] = lru_cache(maxsize=65536)(ip_text)


def key_term(key: str) -> str:
    """A key as the field `keys` holds it."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:_LONGEST_KEY]}#{blake2b(key.encode(), digest_size=16).hexdigest()}"


def _key_terms(keys: list[str]) -> list[str]:
    """Keys as the field holds them; nearly always they are what they are."""
    return keys if max(map(len, keys), default=0) <= _LONGEST_KEY else [key_term(key) for key in keys]


def _list_of(fold: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """Fold each value of a list."""
    return lambda values: [fold(value) for value in values]


_FOLDS: dict[Kind, Callable[[str], str]] = {
    Kind.ADDRESS: folded_address,
    Kind.DOMAIN: folded_domain,
    Kind.FOLDED: folded_name,
    Kind.IP: folded_ip,
}


def _fold_of(name: str) -> Callable[[Any], Any] | None:
    """How a field is folded; None where it is stored as it is."""
    field = BY_NAME[name]
    if name == "keys":
        return _key_terms
    fold = _FOLDS.get(field.kind)
    return _list_of(fold) if fold is not None and field.many else fold


_FOLDED = [(number, name, fold) for number, name in enumerate(_NAMES) if (fold := _fold_of(name)) is not None]
_VALUES = attrgetter(*_NAMES)
#: Where values stand in a document: those of the trace in their order, and behind them what this store alone has.
_STORED = {
    **{name: BY_NAME[name].store for name in _NAMES},
    "quarantine_forms": QUARANTINE_FORMS,
    "as_written": AS_WRITTEN,
    **_EVENT,
}
_EVENTS = _NAMES.index("events")
#: Values of the trace that stand in what is kept as its events.
_WITHIN: list[tuple[int, Any]] = [(_NAMES.index("hops"), []), (_NAMES.index("decided"), None)]


def _types() -> dict[str, Typed]:
    """The types of all values."""
    hints = get_type_hints(Trace) | {"events": list[Event] | WiredJourney}
    types: dict[str, Typed] = {}
    for field in msgspec.structs.fields(Trace):
        hint = hints[field.name]
        if field.name in _ALWAYS:
            # A default that is never there is never left out.
            types[field.name] = hint | None, None
        elif field.default_factory is not msgspec.NODEFAULT:
            types[field.name] = hint, msgspec.field(default_factory=field.default_factory)
        else:
            types[field.name] = hint, field.default
    types |= {"quarantine_forms": (list[str] | None, None), "as_written": (dict[str, Any] | None, None)}
    return types | dict.fromkeys(_EVENT, (Any, None))


_TYPES = _types()
_ROOT = Level("document", _TYPES, _STORED)
#: As earlier releases wrote them.
_DOTTED = {name: path for name, path in _STORED.items() if "." in path}
#: A document as it is read, of this release or an earlier one.
Document = struct_of(
    "Document",
    _ROOT.fields | {name: (_TYPES[name][0] | msgspec.UnsetType, msgspec.UNSET) for name in _DOTTED},
    _ROOT.rename | _DOTTED,
)
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Document)


def encode(trace: Trace) -> bytes:
    """The document of a trace as JSON; raises `ValueError` or `OverflowError` where it cannot be one."""
    identity.to_bytes(trace.id)
    if not 0 <= trace.version <= _HIGHEST:
        raise OverflowError("the version is no number of 63 bits")
    try:
        return _encoded(trace)
    except UnicodeEncodeError:
        return _encoded(printable(trace))


def decode(document: bytes) -> Trace:
    """The trace of a document that `encode` made."""
    return to_trace(_decoder.decode(document))


def to_trace(document: Any) -> Trace:
    """The trace of a decoded document; raises `msgspec.ValidationError` where it is none."""
    values = dict(_ROOT.values(document))
    values |= {name: value for name in _DOTTED if (value := getattr(document, name)) is not msgspec.UNSET}
    written = values.get("as_written") or {}
    values = {name: values[name] for name in _NAMES if name in values} | written
    journey = values.get("events")
    if isinstance(journey, WiredJourney):
        del values["events"]
    try:
        trace = Trace(**values)
    except TypeError as error:
        raise msgspec.ValidationError(f"a document without what each has: {error}") from error
    if isinstance(journey, WiredJourney):
        put_into(trace, journey)
    return trace


def _encoded(trace: Trace) -> bytes:
    """The JSON of a trace whose text is text."""
    values = list(_VALUES(trace))
    written: dict[str, Any] | None = None
    for number, name, fold in _FOLDED:
        value = values[number]
        if value is not None:
            folded = fold(value)
            if folded is not value and folded != value:
                written = {name: value} if written is None else written | {name: value}
                values[number] = folded
    if trace.events or trace.hops or trace.decided is not None:
        values[_EVENTS] = journey_of(trace)
        for number, default in _WITHIN:
            values[number] = default
    forms = None if trace.quarantine_id is None else quarantine_forms(trace.quarantine_id)[1:] or None
    duration = None if trace.delay is None else int(trace.delay * 1_000_000_000)
    values += (forms, written, *_SAID, _OUTCOMES.get(trace.disposition, "unknown"), duration)
    return _encode(_ROOT.made(values))
