"""Mail Trace: what happened to that e-mail. This is the public interface; `docs/python.md` shows its use."""

from __future__ import annotations

from mailtrace.stores import asking
from mappings.faults import StoreError
from mappings.trace import Event, Related, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.answers import (
    ErrorAnswer,
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
from search.client import Client, NotAllowed, ServiceError
from search.explain import Explanation
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.service import MailTrace

__all__ = [
    "Client",
    "Direction",
    "Disposition",
    "ErrorAnswer",
    "ErrorCode",
    "Event",
    "Explanation",
    "Hop",
    "MailTrace",
    "NotAllowed",
    "Query",
    "QueryError",
    "Reason",
    "Related",
    "RelatedTrace",
    "ReportAnswer",
    "ReturnCode",
    "Scope",
    "SearchAnswer",
    "SendingServer",
    "ServiceError",
    "Step",
    "StoreError",
    "Trace",
    "TraceAnswer",
    "Verdict",
    "asking",
]
