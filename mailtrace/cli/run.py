"""`mailtrace run`: follow the logs."""

from __future__ import annotations

from mailtrace.cli.common import Common
from mailtrace.cli.ingest import About, Paths, follow


def run(*path: Paths, about: About | None = None, common: Common | None = None) -> int:
    """Follow the logs: the one-machine product.

    It reads what is there into the store, then every new line, through rotation, until it is stopped; started again, it goes
    on where it was. It applies retention. Search in another terminal meanwhile.

    Parameters
    ----------
    path
        Log files, folders or glob patterns; without any, those that the settings name.
    """
    settings = (common or Common()).settings()
    return follow(settings, (about or About()).plan(settings, path))
