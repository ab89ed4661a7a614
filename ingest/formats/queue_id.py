"""Queue ids as Postfix writes them; its milters log them too."""

from __future__ import annotations

from ingest.queue_ids import POSTFIX_ID as QUEUE_ID

__all__ = ["QUEUE_ID"]
