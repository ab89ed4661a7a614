"""Options that may stand before the command: `mailtrace --data FOLDER search`."""

from __future__ import annotations

from collections.abc import Sequence

_BEFORE = ("--config", "--data", "--store")


def behind_command(tokens: Sequence[str]) -> list[str]:
    """Move the options that may stand before the command behind it, where the command reads them."""
    moved: list[str] = []
    rest = list(tokens)
    while rest and rest[0].partition("=")[0] in _BEFORE:
        moved.append(rest.pop(0))
        if "=" not in moved[-1] and rest:
            moved.append(rest.pop(0))
    # Behind `--` everything is a path.
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *moved, *rest[end:]]
