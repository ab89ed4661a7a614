"""Names of sources that are no files."""

from __future__ import annotations

STDIN = "-"
#: How the name of a journal begins; behind it stands a unit.
JOURNAL = "journald:"


def is_file(name: str) -> bool:
    """Whether a source is a file by its name: standard input and journals are none."""
    return name != STDIN and not name.startswith(JOURNAL)
