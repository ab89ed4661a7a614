"""The console script: what a command says ends as an exit code and at most one sentence, never as a stack trace."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from types import TracebackType

from cyclopts import CycloptsError

from mailtrace.cli.app import command_line
from mailtrace.cli.before import behind_command
from mailtrace.problems import CommandError, of_os_error
from mappings.faults import MailTraceError
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
        words = behind_command(sys.argv[1:] if tokens is None else tokens)
        code = command_line(words)(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, and Python would complain about it once more when it closes the stream at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except CycloptsError as error:
        return _refuse(" ".join(str(error).split()), WRONG_USAGE)
    except MailTraceError as error:
        return _refuse(*_told(error))
    except OSError as error:
        return _refuse(of_os_error(error), COULD_NOT)
    return code if isinstance(code, int) else DONE


def _told(error: MailTraceError) -> tuple[str, int]:
    """The sentence for what was raised, and the exit code."""
    if isinstance(error, QueryError):
        return " ".join(map(_of_option, error.each)), WRONG_USAGE
    if isinstance(error, CommandError):
        return str(error), error.exit_code
    # What cannot be meant is a ValueError too, wherever it is raised.
    return str(error), WRONG_USAGE if isinstance(error, ValueError) else COULD_NOT


def _of_option(error: QueryError) -> str:
    """What is wrong with one option."""
    option = f"--{error.field.replace('_', '-')}: " if error.field else ""
    return option + error.sentence.removeprefix(f"{error.field}: ")


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
    from ingest.aside import place_of  # noqa: PLC0415 - a fault is seldom, and this is everybody's way in
    from mailtrace.log import log_fault  # noqa: PLC0415

    log_fault(kind, error, trace)
    _refuse(f"a fault of the program itself at {place_of(error)}: {kind.__name__}: {error}; please report it", COULD_NOT)
