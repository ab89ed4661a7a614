"""Why something is not read, with what mends it."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from pathlib import Path

from mailtrace.amounts import counted


def no_rights(path: str) -> str:
    """How this user gets to read a file: by the group that may, where there is one."""
    user = _user()
    closed = _closed(Path(path))
    try:
        status = closed.stat()
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return f"let the user {user} read it"
    what, rights, needed = (
        ("enter and read", "rx", stat.S_IRGRP | stat.S_IXGRP) if stat.S_ISDIR(status.st_mode) else ("read", "r", stat.S_IRGRP)
    )
    if status.st_mode & needed != needed or group == "root":
        return f"let the user {user} {what} it: setfacl -m u:{user}:{rights} {shlex.quote(str(closed))}"
    return f"the group {group} may read it: usermod -aG {group} {user}, and start Mail Trace anew"


def nothing_there(path: str) -> str:
    """That no file is there; of a folder that has only folders, how those are read."""
    folder = Path(path)
    try:
        inside = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")] if folder.is_dir() else []
    except OSError:
        inside = []
    if not inside:
        return f"no log file is there: {path}"
    return (
        f"no log file lies in {path} itself, which holds {counted(len(inside), 'folder')}: name {shlex.quote(f'{path}/**')} to read those"
    )


def _closed(path: Path) -> Path:
    """What keeps this user out: the first folder on the way that he may not enter, or the file."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK):
            return folder
    return path


def _user() -> str:
    """Who this is."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
