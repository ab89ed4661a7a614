"""The dashboard and the alerts of deploy/monitoring, on a real Prometheus that scrapes a real `mailtrace run`."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus import Prometheus, prometheus, promtool
from watched import Watched, watched
from written_mail import log, traffic

from mailtrace.metrics.table import TABLE

ROOT = Path(__file__).resolve().parent.parent.parent
MONITORING = ROOT / "deploy" / "monitoring"
PANELS = [panel for panel in json.loads((MONITORING / "dashboard.json").read_bytes())["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
#: What Prometheus itself adds to each series.
ADDED = {"__name__", "job", "instance", "le"}


@dataclass(frozen=True, slots=True)
class Scraped:
    """Both, while mail goes on and the page is asked."""

    program: Watched
    server: Prometheus


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Give a Prometheus that has scraped a busy program for a while."""
    folder = tmp_path_factory.mktemp("scraped")
    with watched(folder) as program, prometheus(folder, program.figures.split("/")[2], MONITORING / "alerts.yml") as server:
        over = threading.Event()
        busy = threading.Thread(target=_traffic, args=(program, over))
        busy.start()
        try:
            server.wait_for("rate(mailtrace_events_total{program='postfix'}[15s]) > 0")
            server.wait_for("rate(mailtrace_http_request_duration_seconds_count{route='/api/v1/freshness'}[15s]) > 0")
            yield Scraped(program, server)
        finally:
            over.set()
            busy.join()


def _traffic(program: Watched, over: threading.Event) -> None:
    """Log a mail and ask the page, again and again."""
    mails = traffic(1, 400)
    while not over.wait(0.3):
        with program.log.open("ab") as file:
            file.write(log([mails.pop(0)]))
        for path in ("api/v1/freshness", "healthz", "nowhere"):
            program.get(program.page + path)


@pytest.mark.parametrize(("title", "expression"), TARGETS)
def test_each_panel_shows_something(scraped: Scraped, title: str, expression: str) -> None:
    """Each query of the dashboard gives numbers."""
    asked = expression.replace("$__rate_interval", "15s").replace("$instance", ".*")
    found = scraped.server.values(asked)
    assert found, title
    assert [one for one in found if one["value"][1] != "NaN"], title


def test_each_rule_is_evaluated(scraped: Scraped) -> None:
    """Prometheus takes each rule and finds no fault with it; in a program that is well none fires."""
    scraped.server.wait_for("ALERTS or up")
    (group,) = scraped.server.get("rules")["groups"]
    assert {rule["name"]: rule["lastError"] for rule in group["rules"] if rule.get("lastError")} == {}
    assert len(group["rules"]) == (MONITORING / "alerts.yml").read_text().count("- alert:")
    assert [rule["name"] for rule in group["rules"] if rule["state"] == "firing"] == []


def test_every_metric_is_there_as_the_table_says(scraped: Scraped) -> None:
    """Each metric of the table has values with just its labels, and nothing is shown that the table does not have."""
    series: list[dict[str, str]] = scraped.server.get("series", **{"match[]": '{__name__=~"mailtrace_.+"}'})
    shown: dict[str, set[str]] = {}
    for labels in series:
        name = re.sub(r"(?<=_seconds)_(?:bucket|count|sum)$", "", labels["__name__"])
        shown.setdefault(name, set()).update(set(labels) - ADDED)
    assert shown == {metric.name: set(metric.labels) for metric in TABLE}
    kinds = {one["metric"]: (one["type"], one["help"]) for one in scraped.server.get("targets/metadata") if "mailtrace" in one["metric"]}
    assert kinds == {metric.family: (metric.kind, metric.sentence) for metric in TABLE}


def test_the_page_is_as_prometheus_wants_it(scraped: Scraped) -> None:
    """Promtool finds nothing to say about names, units and sentences."""
    page = scraped.program.get(scraped.program.figures)
    done = promtool("check", "metrics", given=page)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_rules_are_right() -> None:
    """Promtool takes rules and job."""
    done = promtool("check", "rules", MONITORING / "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("check", "config", MONITORING / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should() -> None:
    """Promtool plays each alert's trouble; each one is played."""
    played = Path(__file__).parent / "alerts_test.yml"
    done = promtool("test", "rules", played)
    assert done.returncode == 0, done.stdout + done.stderr
    alerts = set(re.findall(r"- alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", played.read_text())
    assert alerts == set(fired)


def test_each_alert_leads_to_what_is_to_be_done() -> None:
    """Each runbook is a heading of the documentation."""
    for page, anchor in re.findall(r"runbook: (\S+)#(\S+)", (MONITORING / "alerts.yml").read_text()):
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    """No figure is taken for nobody."""
    texts = json.dumps(PANELS) + (MONITORING / "alerts.yml").read_text()
    assert [metric.name for metric in TABLE if metric.name not in texts] == []


def test_panels_do_not_cover_each_other() -> None:
    """Each panel has a place of its own in the grid of 24 columns, an id, and a sentence."""
    taken: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        at: dict[str, Any] = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
                assert x < 24
        assert panel["description"].endswith(".")
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
