"""What can go wrong with a file, said in one sentence."""

from __future__ import annotations

from mappings.faults import MailTraceError


class TailError(MailTraceError):
    """A file that cannot be read; its text is one sentence for a person."""


def cannot_read(path: str, error: OSError) -> TailError:
    """The sentence for an error of the operating system."""
    if isinstance(error, FileNotFoundError):
        return TailError(f"{path}: no such file")
    if isinstance(error, PermissionError):
        return TailError(f"{path}: permission denied")
    if isinstance(error, IsADirectoryError):
        return TailError(f"{path}: is a folder")
    return TailError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}")
