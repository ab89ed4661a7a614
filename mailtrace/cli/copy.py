"""`mailtrace copy`: copy the store while it is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mailtrace.amounts import counted, shown_bytes
from mailtrace.cli.common import Common
from mailtrace.show.screen import Screen
from mailtrace.stores import embedded_folder
from mappings.embedded.copying import copy_to


def copy(target: Annotated[Path, Parameter(name="FOLDER")], /, *, common: Common | None = None) -> int:
    """Copy the store, also while it is written.

    The copy is a store of its own: it can be searched with --store, or put in the place of the first while nothing runs.

    Parameters
    ----------
    target
        Folder for the copy; it must be new or empty.
    """
    settings = (common or Common()).settings()
    target = target.expanduser()
    copied = copy_to(embedded_folder(settings.store), target)
    size = sum((target / name).stat().st_size for name in copied.files)
    screen = Screen(sys.stdout)
    screen.line(f"{counted(len(copied.files), 'file')}, {shown_bytes(size)}, copied to {target}; ask it with --store sqlite:{target}")
    for sentence in copied.lacking:
        screen.paragraph(f"Not copied: {sentence}")
    return 1 if copied.lacking else 0
