"""The embedded store: SQLite files by time, a catalog that names them, and how a trace lies in them.

The writing side is `ingest.sinks.embedded`, the reading side `search.engines.embedded`; what both must agree on is here.
"""

from __future__ import annotations

from mappings.embedded.copying import copy_to
from mappings.embedded.faults import StoreError, StoreLocked, StoreTooNew

__all__ = ["StoreError", "StoreLocked", "StoreTooNew", "copy_to"]
