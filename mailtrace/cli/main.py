"""The console script: what a command says ends as an exit code and at most one sentence, never as a stack trace."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from types import TracebackType

from cyclopts import CycloptsError

from ingest.aside import place_of
from ingest.tail.faults import TailError
from mailtrace.cli.app import app
from mailtrace.cli.common import behind_command
from mailtrace.log import log_fault
from mailtrace.problems import Problem, of_os_error
from mappings.codes import UnknownCode
from mappings.faults import StoreError
from search.query_error import QueryError
from search.safe import safe

DONE, COULD_NOT, WRONG_USAGE = 0, 1, 2
#: What a shell sees of a program that Ctrl-C or a closed pipe ended.
INTERRUPTED, PIPE_CLOSED = 130, 141


def main(tokens: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit code."""
    _take_any_character()
    sys.excepthook = _fault
    try:
        code = app(behind_command(sys.argv[1:] if tokens is None else tokens))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, and Python would complain about it once more when it closes the stream at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except CycloptsError as error:
        return _refuse(" ".join(str(error).split()), WRONG_USAGE)
    except QueryError as error:
        option = f"--{error.field.replace('_', '-')}: " if error.field else ""
        return _refuse(option + error.sentence.removeprefix(f"{error.field}: "), WRONG_USAGE)
    except UnknownCode as error:
        return _refuse(str(error), WRONG_USAGE)
    except (StoreError, TailError) as error:
        return _refuse(str(error), COULD_NOT)
    except Problem as error:
        return _refuse(str(error), error.exit_code)
    except OSError as error:
        return _refuse(of_os_error(error), COULD_NOT)
    return code if isinstance(code, int) else DONE


def _refuse(sentence: str, code: int) -> int:
    """Say on standard error why it could not be done."""
    print(f"mailtrace: {safe(sentence)}", file=sys.stderr)
    return code


def _take_any_character() -> None:
    """Let a terminal of a small character set show what it can, instead of failing at what it cannot."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report a fault of ours in one sentence that names the place; it ends with exit code 1."""
    log_fault(kind, error, trace)
    _refuse(f"a fault of the program itself at {place_of(error)}: {kind.__name__}: {error}; please report it", COULD_NOT)
