"""Making the columnar copy of one file of the embedded store, as a process of its own.

So the writer gives it no time of its own and none of its memory, and what fails in it fails alone. It only reads the file; that the copy
may be used is said by the writer, who starts this and takes the copy over when it ends well (`embedded_copies`).
"""

from __future__ import annotations

import os
import sys
from contextlib import closing, suppress
from pathlib import Path

from mappings.embedded import columnar
from mappings.embedded.columnar import CopyLabel
from mappings.embedded.schema import PARTITION_STEPS, open_reader

#: Whatever else is to be done on the machine goes before.
_NICE = 10


def command(path: Path, label: CopyLabel, former: str | None) -> list[str]:
    """What starts the process for a file; `former` is the token of the copy that it has."""
    return [sys.executable, "-m", __name__, str(path), label.token, label.border.hex(), former or ""]


def make(path: Path, label: CopyLabel, former: str | None = None) -> int:
    """Make the copy of a file under the name of one that is being made, durable; how many traces it has.

    Of the copy that it has by now, which `former` is the token of, is taken what still holds. Raises what DuckDB and the store raise, and
    leaves the rest to whoever clears up.
    """
    file = open_reader(path, PARTITION_STEPS)
    if file is None:
        return 0
    target = columnar.being_made(path, label.token)
    with closing(file):
        # One state of the file: what changes meanwhile is noted.
        file.execute("BEGIN")
        usable = columnar.beside(path, former) if former is not None and columnar.has_copy(path, former) else None
        count = columnar.write(target, file, label, usable)
    handle = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return count


def main(arguments: list[str]) -> int:
    """Make the copy that the arguments name."""
    os.umask(0o077)
    with suppress(OSError):
        os.nice(_NICE)
    path, token, border, former = arguments
    make(Path(path), CopyLabel(token, bytes.fromhex(border)), former or None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
