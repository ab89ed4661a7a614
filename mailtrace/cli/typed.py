"""This program as one would type it again, with the settings, data and store that it was given."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from mailtrace.cli.common import Common

_NAME = "mailtrace"


def typed_again(common: Common) -> str:
    """The words before a command that is printed to be pasted: its options are those that were given, not those of the environment."""
    program = sys.argv[0] if Path(sys.argv[0]).name == _NAME and not _is_found(sys.argv[0]) else _NAME
    given = (("--config", common.config), ("--data", common.data), ("--store", common.store))
    return shlex.join([program, *(word for name, value in given if value is not None for word in (name, str(value)))])


def _is_found(program: str) -> bool:
    """Whether a shell finds this very program by its name."""
    found = shutil.which(_NAME)
    return found is not None and Path(found).resolve() == Path(program).resolve()
