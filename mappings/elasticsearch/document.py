"""A trace as Elasticsearch holds it: one flat JSON object under the names of the table of fields.

Searched values are folded as questions are. Where that changes a value, the original stands in `mailtrace.as_written` under the
field's own name, so nothing is lost and nearly nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, get_type_hints

import msgspec

from mappings import address, identity
from mappings.elasticsearch.template import AS_WRITTEN, CONSTANTS, ECS_VERSION, QUARANTINE_FORMS
from mappings.fields import BY_NAME, Kind
from mappings.patterns import fold_domain, fold_name, ip_text, quarantine_forms
from mappings.printable import printable
from mappings.trace import Trace
from mappings.vocabulary import Disposition

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


def _document_type() -> Any:
    """The struct of a document: the trace's fields in their order, under their names in the store."""
    hints = get_type_hints(Trace)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(Trace):
        hint = hints[field.name]
        if field.name in _ALWAYS:
            # A default that is never there is never left out.
            fields.append((field.name, hint | None, None))
        elif field.required:
            fields.append((field.name, hint))
        elif field.default_factory is not msgspec.NODEFAULT:
            fields.append((field.name, hint, msgspec.field(default_factory=field.default_factory)))
        else:
            fields.append((field.name, hint, field.default))
    fields += [("quarantine_forms", list[str] | None, None), ("as_written", dict[str, Any] | None, None)]
    fields += [(name, Any, None) for name in _EVENT]
    rename = {name: BY_NAME[name].store for name in _NAMES} | {"quarantine_forms": QUARANTINE_FORMS, "as_written": AS_WRITTEN} | _EVENT
    return msgspec.defstruct("Document", fields, rename=rename, omit_defaults=True)


Document = _document_type()
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
    """The trace of a decoded document."""
    values = {name: getattr(document, name) for name in _NAMES}
    if document.as_written is not None:
        values |= document.as_written
    return Trace(**values)


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
    forms = None if trace.quarantine_id is None else quarantine_forms(trace.quarantine_id)[1:] or None
    duration = None if trace.delay is None else int(trace.delay * 1_000_000_000)
    return _encode(Document(*values, forms, written, *_SAID, _OUTCOMES.get(trace.disposition, "unknown"), duration))
