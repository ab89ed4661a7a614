"""The pages: request -> question -> `MailTrace` -> words -> template. Complete without script; every link begins with the base."""

from __future__ import annotations

from typing import Any

from search.http.pages import account, assets, counted, domains, errors, field_list, insights, live, manual, records, report, trace
from search.http.pages.account import sign_in_page
from search.http.pages.problems import error_page

ROUTES: list[Any] = [
    domains.start,
    domains.domains,
    trace.trace,
    trace.export,
    counted.counted,
    field_list.fields,
    live.live,
    insights.insights,
    insights.export_section,
    report.report,
    report.raw,
    report.side,
    errors.errors,
    errors.error,
    account.preferences,
    account.prefer,
    account.prefer_list,
    records.audit,
    records.sources,
    records.fresh,
    manual.manual,
    manual.api,
]
#: What is shown to whoever is not signed in.
PUBLIC: list[Any] = [account.sign_in]


def static_routes() -> list[Any]:
    """Style, script and icons."""
    return [assets.static, assets.favicon]


__all__ = ["PUBLIC", "ROUTES", "error_page", "sign_in_page", "static_routes"]
