"""What the application gives to every handler, by its name."""

from __future__ import annotations

from collections.abc import Callable

from litestar.di import NamedDependency

from search.access import Caller
from search.http.site import Site
from search.service import MailTrace

TheSite = NamedDependency[Site]
TheCaller = NamedDependency[Caller]
#: The query layer for this caller.
TheMail = NamedDependency[MailTrace]
#: Notes what was asked and how many rows it gave, for the audit log.
TheNote = NamedDependency[Callable[[str, int], None]]
