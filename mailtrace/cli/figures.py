"""Figures for Prometheus, where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Annotated

from cyclopts import Parameter

from mailtrace.metrics.endpoint import PATH, Collector, exposed
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen

Metrics = Annotated[str | None, Parameter(name="--metrics", help="Show figures for Prometheus at HOST:PORT; by default the setting.")]


@contextmanager
def figures(settings: Settings, collectors: Sequence[Collector], screen: Screen) -> Iterator[None]:
    """Show figures while the block runs, if an address is set; say where, and to whom."""
    at = settings.metrics_at()
    if at is None:
        yield
        return
    with exposed(*at, collectors) as (host, port):
        shown = f"[{host}]" if ":" in host else host
        screen.line(f"Figures for Prometheus are at http://{shown}:{port}{PATH}")
        if not _is_loopback(host):
            screen.paragraph("Nobody is asked for a token there: whoever reaches that address reads them, names of log files among them.")
        yield


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
