"""What can be wrong with a store, whichever kind it is: each in one sentence for the operator."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used as asked."""


class StoreLocked(StoreError):  # noqa: N818 - it names a state, not a mistake
    """Another process writes to the store."""


class StoreTooNew(StoreError):  # noqa: N818
    """The store was written by a newer release."""
