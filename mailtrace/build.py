"""Which build of Mail Trace this is: the same source, as plain Python or with its hot modules compiled."""

from __future__ import annotations

from importlib.util import find_spec

#: One of the hot modules (`building/hot.py`); they are compiled together or not at all.
_HOT = "ingest.joining.gather"


def is_compiled() -> bool:
    """Whether the hot modules are those that were compiled."""
    found = find_spec(_HOT)
    return found is not None and not str(found.origin).endswith(".py")


def build_in_words() -> str:
    """The build, in one sentence."""
    return f"This is the {'compiled' if is_compiled() else 'pure Python'} build."
