"""What `mailtrace doctor` looks at in rights: nobody but the owner may enter, read or write what is ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.settings import Settings
from mappings import private

_NAMED = 8


def rights_findings(settings: Settings, folders: Sequence[Path], settings_file: Path | None) -> Iterator[Finding]:
    """Look at these folders of ours, at the settings file, and at files of secrets that it names."""
    found = list(dict.fromkeys(one for folder in folders if folder.is_dir() for one in private.open_ones(folder)))
    if found:
        named = ", ".join(map(str, found[:_NAMED]))
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        yield NOTE, f"Others can read or enter {named}{more}; take their rights away: chmod -R go= FOLDER."
    else:
        yield GOOD, "Nobody but their owner can read the data and the store."
    for path in _secrets(settings, settings_file):
        if private.readable_by_others(path):
            yield BAD, f"{path} holds a secret, and others can read it: chmod 600 {path}"


def _secrets(settings: Settings, settings_file: Path | None) -> Iterator[Path]:
    """The files that hold secrets."""
    cluster = settings.elasticsearch
    if settings_file is not None and (cluster.password or cluster.api_key or "@" in settings.store):
        yield settings_file
    for named in (cluster.password_file, cluster.api_key_file, settings.http.key):
        if named is not None:
            yield Path(named)
