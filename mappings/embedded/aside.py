"""Files of the store that cannot be used any more: put aside under another name, never deleted."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from mappings import private
from mappings.embedded import columnar
from mappings.faults import of_os_error

_ASIDE = ".damaged"
#: What SQLite keeps beside a file; the shared memory is made anew for whoever looks into it.
_BESIDE = "-wal"


def put(path: Path) -> str | None:
    """Rename a file, and its log with it, and give the new name; None where the file is missing. Raises `StoreAway`.

    SQLite still finds the log beside the file: what can be saved of it can be saved.
    """
    target = next(name for number in count(1) if not (name := _name(path, number)).exists())
    try:
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{_BESIDE}").rename(target.with_name(f"{target.name}{_BESIDE}"))
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        # A copy of what is damaged belongs to nothing any more.
        columnar.clear(path)
        try:
            path.rename(target)
        except FileNotFoundError:
            return None
        private.sync_folder(path.parent)
    except OSError as error:
        raise of_os_error(error, f"{path} cannot be put aside") from error
    return target.name


def names(folder: Path) -> list[str]:
    """The files that were put aside."""
    return sorted(path.name for path in folder.glob(f"*.sqlite{_ASIDE}*") if not path.name.endswith(("-wal", "-shm")))


def words(why: str, named: str | None) -> str:
    """What has become of a file, to go on from its name."""
    return why if named is None else f"{why}, and was put aside as {named}"


def _name(path: Path, number: int) -> Path:
    """The name of the n-th file of this name that is put aside."""
    return path.with_name(f"{path.name}{_ASIDE}{'' if number == 1 else f'-{number}'}")
