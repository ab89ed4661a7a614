"""Mail Trace: what happened to that e-mail. This is the public interface; `docs/python.md` shows its use.

A name is loaded when it is first used, for the command line goes through here too, and needs none of them.
"""

from __future__ import annotations

import importlib
import typing

from mailtrace import shadowed

shadowed.refuse_strangers()

if typing.TYPE_CHECKING:
    from mailtrace.stores import asking
    from mappings.faults import MailTraceError, StoreError
    from mappings.trace import Event, Related, Trace
    from mappings.vocabulary import Direction, Disposition, Reason, Verdict
    from search.answers import (
        ErrorCode,
        Hop,
        RelatedTrace,
        ReportAnswer,
        ReturnCode,
        SearchAnswer,
        SendingServer,
        Step,
        TraceAnswer,
    )
    from search.client import Client, LiveTrace, NotAllowed, ServiceError
    from search.counting import CountsAsked
    from search.error_answer import ErrorAnswer
    from search.explain import Explanation
    from search.query import Query
    from search.query_error import QueryError
    from search.scope import Scope
    from search.service import MailTrace
    from search.sorting import Sort
    from search.speech import Reader

__all__ = [
    "Client",
    "CountsAsked",
    "Direction",
    "Disposition",
    "ErrorAnswer",
    "ErrorCode",
    "Event",
    "Explanation",
    "Hop",
    "LiveTrace",
    "MailTrace",
    "MailTraceError",
    "NotAllowed",
    "Query",
    "QueryError",
    "Reader",
    "Reason",
    "Related",
    "RelatedTrace",
    "ReportAnswer",
    "ReturnCode",
    "Scope",
    "SearchAnswer",
    "SendingServer",
    "ServiceError",
    "Sort",
    "Step",
    "StoreError",
    "Trace",
    "TraceAnswer",
    "Verdict",
    "asking",
]

#: Where each stands, as above.
_STANDS = {
    "mailtrace.stores": ("asking",),
    "mappings.faults": ("MailTraceError", "StoreError"),
    "mappings.trace": ("Event", "Related", "Trace"),
    "mappings.vocabulary": ("Direction", "Disposition", "Reason", "Verdict"),
    "search.answers": (
        "ErrorCode",
        "Hop",
        "RelatedTrace",
        "ReportAnswer",
        "ReturnCode",
        "SearchAnswer",
        "SendingServer",
        "Step",
        "TraceAnswer",
    ),
    "search.client": ("Client", "LiveTrace", "NotAllowed", "ServiceError"),
    "search.counting": ("CountsAsked",),
    "search.error_answer": ("ErrorAnswer",),
    "search.explain": ("Explanation",),
    "search.query": ("Query",),
    "search.query_error": ("QueryError",),
    "search.scope": ("Scope",),
    "search.service": ("MailTrace",),
    "search.speech": ("Reader",),
    "search.sorting": ("Sort",),
}
_MODULE_OF = {name: module for module, names in _STANDS.items() for name in names}

if not typing.TYPE_CHECKING:
    # Of a module with this function a type checker takes every name to be there.
    def __getattr__(name: str) -> object:
        """Load a public name."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_MODULE_OF[name]), name)
        return value


def __dir__() -> list[str]:
    """The public names too that are not loaded yet."""
    return sorted({*globals(), *__all__})
