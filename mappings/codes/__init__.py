"""Reply codes, enhanced status codes and well-known phrases: what they mean, who acts, what comes next, what to tell the customer."""

from __future__ import annotations

from mappings.codes.entry import KnownError, Move, UnknownCode
from mappings.codes.find import best_entry, entries, lookup
from mappings.codes.reason import reason_of
from mappings.codes.reply import split_reply

__all__ = ["KnownError", "Move", "UnknownCode", "best_entry", "entries", "lookup", "reason_of", "split_reply"]
