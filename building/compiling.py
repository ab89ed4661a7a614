"""Whether the hot modules are to be compiled, and whether they can be."""

from __future__ import annotations

import os
import shlex
import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path

#: `1` compiles; empty, `0` or not there does not.
VARIABLE = "MAILTRACE_COMPILED"


def compiling() -> bool:
    """Whether it was asked for."""
    asked = os.environ.get(VARIABLE, "")
    if asked not in {"", "0", "1"}:
        raise SystemExit(f"{VARIABLE}={asked}: 1 compiles the hot modules, 0 does not")
    return asked == "1"


def refuse_where_nothing_compiles() -> None:
    """Raise `SystemExit` with what is missing."""
    missing = what_is_missing()
    if missing is not None:
        raise SystemExit(f"{VARIABLE}=1: {missing}. Without the variable the same source is installed as plain Python.")


def what_is_missing() -> str | None:
    """What is needed to compile and is not here, in words."""
    if find_spec("mypyc") is None:
        return "mypy is not here, which has the compiler mypyc: pip install -r requirements/compile.txt"
    return compiler_missing()


def compiler_missing() -> str | None:
    """What the machine lacks, for no package can bring it."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler {compiler!r} is here; on Debian: apt-get install gcc, or name another with CC"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "Python's own header files are not here; on Debian: apt-get install python3-dev"
    return None
