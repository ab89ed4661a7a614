"""A client made of the API's description asks a real service: what is asked and answered is typed, and each answer is printed."""

from __future__ import annotations

import datetime
import sys

from mail_trace_client import AuthenticatedClient
from mail_trace_client.api.counts import count_traces
from mail_trace_client.api.service import get_freshness
from mail_trace_client.api.traces import get_report, search_traces
from mail_trace_client.models import Disposition, FreshnessAnswer, Problem, ReportAnswer, Sort, TracesAnswer, ValueCounts


def main(address: str, token: str) -> None:
    """Ask."""
    client = AuthenticatedClient(base_url=address, token=token)
    found = search_traces.sync(client=client, disposition=[Disposition.QUARANTINED, Disposition.DELIVERED], sort=Sort.OLDEST, limit=3)
    assert isinstance(found, TracesAnswer), found
    first = found.traces[0]
    print("traces", found.total.value, isinstance(first.time, datetime.datetime))
    report = get_report.sync(first.id, client=client)
    assert isinstance(report, ReportAnswer), report
    print("report", report.trace.id == first.id, len(report.customer_text) > 0)
    wrong = search_traces.sync_detailed(client=client, since="soon", limit=3)
    assert isinstance(wrong.parsed, Problem), wrong
    assert wrong.parsed.errors
    print("wrong", wrong.status_code.value, wrong.parsed.type_, ",".join(str(flaw.parameter) for flaw in wrong.parsed.errors))
    counts = count_traces.sync(client=client, by="disposition")
    assert isinstance(counts, ValueCounts), counts
    print("counts", counts.by, counts.total > 0)
    fresh = get_freshness.sync_detailed(client=client)
    print("freshness", len(fresh.headers["x-request-id"]), isinstance(fresh.parsed, FreshnessAnswer))


if __name__ == "__main__":
    main(*sys.argv[1:])
