"""The columns of a list: which there are, which are shown, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mappings.criteria import BY_WORD
from mappings.fields import Field, Kind
from mappings.locales import Book
from search.http.pages.words import sentence_case
from search.query_error import QueryError, nearest
from search.sorting import Sort
from search.table import LISTED


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: its name in an address, its head, and the field that stands in it."""

    name: str
    label: str
    field: Field
    #: How wide it is: a class of the style.
    width: str
    #: The order of rows that its head gives; None where there is none.
    sort: Sort | None = None

    @property
    def word(self) -> str:
        """What asks for its values in the query language."""
        return self.name if self.name in BY_WORD else self.field.store


#: What heads say, where not the name of the field.
_LABELS: Final = {
    "id": "Trace ID",
    "time_ms": "Date",
    "last_event_ms": "Last event",
    "host": "First host",
    "client_name": "Sending server",
    "client_ip": "Sending IP",
    "client_helo": "HELO",
    "authenticated_as": "Login",
    "tls": "TLS",
    "header_from": "From header",
    "header_from_domain": "Domain of From header",
    "disposition": "Outcome",
    "vendor": "Filter’s words",
    "quarantine_id": "Quarantine ID",
    "sender_notified": "Sender told",
    "reply_code": "Error code",
    "enhanced_code": "Enhanced code",
    "reply_text": "Reply",
    "reply_by": "Reply by",
    "message_id": "Message-ID",
    "queue_ids": "Queue ID",
    "relay_host": "Next server",
    "relay_ip": "IP of next server",
    "first_try_ms": "First try",
    "last_try_ms": "Last try",
    "symbols": "Tests that hit",
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "arc": "ARC",
    "spf_domain": "Domain of SPF",
    "dkim_domain": "Domain of DKIM",
    "dmarc_domain": "Domain of DMARC",
    "required_score": "Score needed",
    "tls_version": "TLS version",
    "tls_cipher": "TLS cipher",
    "relay_tls_version": "TLS version to next server",
    "relay_tls_cipher": "TLS cipher to next server",
}
#: The orders that heads give.
_SORTS: Final = {"time_ms": Sort.OLDEST, "size": Sort.SIZE, "delay": Sort.DELAY, "score": Sort.SCORE}
_NARROW: Final = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.FLAG})
_WIDTHS: Final = {"time_ms": "w-time", "disposition": "w-outcome", "reply_code": "w-code", "direction": "w-word", "verdict": "w-word"}
#: More than these nobody can read beside each other.
MOST: Final = 30
#: The name of the cookie that keeps a choice, and the parameter.
CHOICE: Final = "columns"


def _width(field: Field) -> str:
    """How wide a column is."""
    if field.name in _WIDTHS:
        return _WIDTHS[field.name]
    if field.kind is Kind.TIME:
        return "w-time"
    return "w-number" if field.kind in _NARROW else "w-text"


def _column(field: Field) -> ListColumn:
    name = field.aliases[0] if field.aliases else field.name
    label = _LABELS.get(field.name) or sentence_case(field.name.replace("_", " "))
    return ListColumn(name, label, field, _width(field), _SORTS.get(field.name))


#: All columns by their names.
COLUMNS: Final[dict[str, ListColumn]] = {column.name: column for column in map(_column, LISTED.values())}
#: Other words for them, as the query language has them.
_WORDS: Final = {word: column for column in COLUMNS.values() for word in (column.field.name, column.field.store, *column.field.aliases)}
#: What is shown where nothing was chosen.
USUAL: Final = tuple(COLUMNS[name] for name in ("time", "client", "sender", "recipient", "subject", "disposition", "code"))


def chosen(listed: str) -> tuple[ListColumn, ...]:
    """The columns of a list as `time,sender,size`; raises `QueryError` where one is none."""
    found: dict[str, ListColumn] = {}
    for word in filter(None, (one.strip() for one in listed.split(","))):
        column = _WORDS.get(word.lower())
        if column is None:
            hint = nearest(word, _WORDS) or f"there are {', '.join(COLUMNS)}"
            raise QueryError(f"there is no column “{word[:60]}”", field=CHOICE, hint=hint)
        found[column.name] = column
    if len(found) > MOST:
        raise QueryError(f"{len(found)} columns are too many", field=CHOICE, hint=f"choose at most {MOST}")
    return tuple(found.values()) or USUAL


def kept(listed: str) -> tuple[ListColumn, ...]:
    """The columns that a browser kept; the usual ones where that is nothing that there is."""
    try:
        return chosen(listed)
    except QueryError:
        return USUAL


def in_address(columns: Iterable[ListColumn]) -> str:
    """The columns as they stand in an address."""
    return ",".join(column.name for column in columns)


def others(columns: Iterable[ListColumn], book: Book, *, whole: bool) -> list[ListColumn]:
    """The columns that are not shown, by their heads; `whole` where the reader sees all mail."""
    shown = set(columns)
    # Where logs are kept and what holds the names of servers inside is for who sees all mail.
    ours = frozenset[str]() if whole else frozenset({"log_domain"})
    return sorted(
        (one for one in COLUMNS.values() if one not in shown and one.field.name not in ours), key=lambda one: book.say(one.label).lower()
    )
