"""What can go wrong for a user, each with one sentence and an exit code.

CommandError
├── CouldNot     exit 1: the question is fine, the world is not (a folder that cannot be written, a store in use)
└── WrongUsage   exit 2: the command line or the settings say something that cannot be meant
"""

from __future__ import annotations

from mappings.faults import MailTraceError


class CommandError(MailTraceError):
    """Something that the user is told in one sentence; never shown as a stack trace."""

    exit_code = 1


class CouldNot(CommandError):  # noqa: N818 - what a user is told is no mistake of the code
    """It could not be done."""


class WrongUsage(CommandError):  # noqa: N818 - what a user is told is no mistake of the code
    """It cannot be meant like this."""

    exit_code = 2


def of_os_error(error: OSError) -> str:
    """One sentence for what the operating system refused."""
    what = (error.strerror or str(error) or type(error).__name__).strip()
    return f"{error.filename}: {what}" if error.filename else what
