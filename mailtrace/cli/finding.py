"""What `mailtrace doctor` finds: how it is, and a sentence."""

from __future__ import annotations

GOOD, NOTE, BAD = "ok", "note", "bad"
Finding = tuple[str, str]
