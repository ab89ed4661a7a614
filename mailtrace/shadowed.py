"""Whether somebody else's file stands in the way of a package of ours.

`ingest`, `mappings` and `search` are names that others use too, and Python takes what it finds first: a notebook's own `search.py`
would be imported instead of ours, and fail far from its cause. The three are installed beside `mailtrace`: what comes from elsewhere is
not ours.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

#: What is installed beside `mailtrace`.
PACKAGES = ("ingest", "mappings", "search")


def refuse_strangers() -> None:
    """Raise `ImportError` where a file of somebody else stands in the way; whoever runs the program itself is told without a stack."""
    beside = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - pathlib takes longer to load than this to run
    for name in PACKAGES:
        place = _place(name)
        if place is not None and os.path.realpath(place) != os.path.join(beside, name):  # noqa: PTH118
            sentence = (
                f"{place} stands in the way of {name!r}, a package of Mail Trace: rename it, or keep its folder off Python's path"
                " (python -P leaves out the current one)"
            )
            if _is_the_program():
                sys.exit(f"mailtrace: {sentence}")
            raise ImportError(sentence, name=name, path=place)


def _place(name: str) -> str | None:
    """The folder of a package, or the file of a module, that Python takes for this name; None where that cannot be told."""
    loaded = sys.modules.get(name)
    try:
        found = find_spec(name) if loaded is None else loaded.__spec__
    except ValueError:
        return None
    if found is None:
        return None
    folders = list(found.submodule_search_locations or ())
    return folders[0] if folders else found.origin


def _is_the_program() -> bool:
    """Whether this is the console script, or `python -m mailtrace`, of which Python has only found the package yet."""
    started = sys.argv[0] if sys.argv else ""
    return os.path.basename(started) == "mailtrace" or (started == "-m" and "mailtrace" in sys.orig_argv)  # noqa: PTH119
