"""What can go wrong with a file, said in one sentence."""

from __future__ import annotations

from mappings.faults import MailTraceError
from mappings.readings import Trouble


class TailError(MailTraceError):
    """A file that cannot be read: one sentence for a person, the path, and of which kind the trouble is."""

    def __init__(self, sentence: str, path: str = "", trouble: Trouble = Trouble.FAULT) -> None:
        super().__init__(sentence)
        self.path = path
        self.trouble = trouble


def cannot_read(path: str, error: OSError) -> TailError:
    """The sentence for an error of the operating system."""
    if isinstance(error, FileNotFoundError):
        return TailError(f"{path}: no such file", path, Trouble.GONE)
    if isinstance(error, PermissionError):
        return no_rights(path)
    if isinstance(error, IsADirectoryError):
        return TailError(f"{path}: is a folder", path)
    return TailError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}", path)


def no_rights(path: str) -> TailError:
    """The sentence for what this user may not read."""
    return TailError(f"{path}: permission denied", path, Trouble.NO_RIGHTS)
