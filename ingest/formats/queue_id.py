"""Queue ids as Postfix writes them; its milters log them too."""

from __future__ import annotations

#: A short id is the microseconds (five digits) and the inode (up to sixteen) in hexadecimal; a long id (enable_long_queue_ids) is
#: base 52 without vowels.
QUEUE_ID = r"(?:[0-9A-F]{6,21}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,28})"
