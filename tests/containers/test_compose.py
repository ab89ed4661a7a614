"""docker-compose.yml, as a user starts it on logs of their own: healthy, secured, and answering what was in the logs."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HEALTHY_SECONDS = 150.0
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Composed:
    """The services, and the logs that they were started on."""

    project: str
    command: tuple[str, ...]
    environment: dict[str, str]
    passwords: dict[str, str]
    logs: Path

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run compose with these arguments."""
        done = subprocess.run(
            [*self.command, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def health(self, service: str) -> str:
        """What the health check of a service says."""
        container = self("ps", "--quiet", service).stdout.strip()
        shown = subprocess.run(
            ["docker", "inspect", "--format", "{{.State.Status}} {{.State.Health.Status}}", container],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return shown.stdout.strip()

    def ids(self, *criteria: str) -> list[str]:
        """The ids that a search in the ingester's container finds."""
        found = self("exec", "-T", "ingester", "mailtrace", "search", "--format", "jsonl", "--limit", "1000", *criteria)
        return [json.loads(line)["id"] for line in found.stdout.splitlines()]


def compose() -> tuple[str, ...]:
    """The compose command of this machine: the plugin, or the program of its own that it was before."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ("docker", "compose")
    assert shutil.which("docker-compose"), "neither `docker compose` nor docker-compose is installed"
    return ("docker-compose",)


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Give the services of docker-compose.yml without Kibana, up and healthy, on a folder of logs."""
    folder = tmp_path_factory.mktemp("compose")
    env, logs = folder / "env", folder / "logs"
    subprocess.run([ROOT / "deploy" / "make-env", env], check=True)
    passwords = dict(line.split("=", 1) for line in env.read_text(encoding="utf-8").splitlines())
    logs.mkdir(mode=0o755)
    (logs / "mail.log").write_bytes(gzip.decompress((ROOT / "mailtrace" / "demo" / "mail.log.gz").read_bytes()))
    (logs / "kern.log").write_text("Nov 24 03:22:10 host kernel: not mail\n", encoding="utf-8")
    project = f"test{secrets.token_hex(4)}"
    command = (*compose(), "--project-name", project, "--env-file", str(env))
    environment = {**os.environ, "LOGS": str(logs), "COMPOSE_PROFILES": "", "PAGE_PORT": "0", "ELASTICSEARCH_HEAP": "512m", "TZ": "UTC"}
    services = Composed(project, command, environment, passwords, logs)
    try:
        up = services("up", "--detach", "--no-build", check=False)
        assert up.returncode == 0, up.stderr + services("logs", "--tail=40").stdout
        until = time.monotonic() + ANSWER_SECONDS
        while not services.ids():
            assert time.monotonic() < until, services("logs", "--tail=40").stdout
            time.sleep(0.5)
        yield services
    finally:
        services("down", "--volumes", "--timeout", "5")


def test_it_answers_what_was_in_the_logs(composed: Composed, tmp_path: Path) -> None:
    """Every trace that one machine makes of these logs is found in the cluster, in the same order."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    environment |= {"MAILTRACE_DATA": str(tmp_path), "TZ": "UTC"}
    program = [sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())"]
    subprocess.run([*program, "ingest", "--once", str(composed.logs / "mail.log")], env=environment, check=True, capture_output=True)
    found = subprocess.run(
        [*program, "search", "--format", "jsonl", "--limit", "1000"], env=environment, check=True, capture_output=True, text=True
    )
    expected = [json.loads(line)["id"] for line in found.stdout.splitlines()]
    assert len(expected) > 10
    until = time.monotonic() + ANSWER_SECONDS
    while composed.ids() != expected:
        assert time.monotonic() < until, composed("logs", "ingester").stdout
        time.sleep(1)
    assert 0 < len(composed.ids("--disposition", "quarantined")) < len(expected)


def test_every_service_becomes_healthy(composed: Composed) -> None:
    """The health checks of what was started say that it is well."""
    for service in ("elasticsearch", "ingester"):
        wait_until_healthy(composed, service)


def wait_until_healthy(composed: Composed, service: str) -> None:
    """Wait until the health check of a service says that it is well."""
    until = time.monotonic() + HEALTHY_SECONDS
    while (said := composed.health(service)) != "running healthy":
        assert time.monotonic() < until, f"{service}: {said}\n{composed('logs', '--tail=40', service).stdout}"
        time.sleep(0.5)


_ASK = (
    "import sys, urllib.request as r; print(r.urlopen(r.Request('http://localhost:8025' + sys.argv[2],"
    " headers={'authorization': 'Bearer ' + sys.argv[1]}), timeout=10).read().decode())"
)


def test_the_page_answers_whoever_has_a_token(composed: Composed) -> None:
    """With a token made as the file says, the page becomes healthy and shows what the ingester has written."""
    page = ("--profile", "page")
    made = composed(*page, "run", "--rm", "--no-deps", "-T", "page", "token", "create", "Test", "--role", "admin")
    token = made.stdout.split()[-1]
    composed(*page, "up", "--detach", "--no-build", "--no-deps", "page")
    wait_until_healthy(composed, "page")
    answer = composed(*page, "exec", "-T", "page", "python3", "-c", _ASK, token, "/api/v1/traces?limit=1&count=exact").stdout
    assert json.loads(answer)["total"]["value"] == len(composed.ids())
    assert "Email Report" in composed(*page, "exec", "-T", "page", "python3", "-c", _ASK, token, "/trace?recipient=%2A").stdout
    refused = composed(*page, "exec", "-T", "page", "python3", "-c", _ASK, "mt_wrong", "/api/v1/traces", check=False)
    assert "401" in refused.stderr
    composed(*page, "rm", "--stop", "--force", "page")


def test_retention_is_a_command_in_the_container(composed: Composed) -> None:
    """`mailtrace retention` may drop indices with the ingester's account, and leaves alone what is younger than KEEP says."""
    before = composed.ids()
    composed("exec", "-T", "ingester", "mailtrace", "retention")
    assert composed.ids()[-1] == before[-1]


def test_nothing_is_open_to_strangers(composed: Composed) -> None:
    """Elasticsearch asks for a password, and no port of it can be reached from outside."""
    asked = composed("exec", "-T", "elasticsearch", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost:9200/_search")
    assert asked.stdout == "401"
    assert composed("port", "elasticsearch", "9200", check=False).stdout.strip() in ("", ":0")


def test_a_reader_reads_and_cannot_write(composed: Composed) -> None:
    """The account for people finds traces, and changes nothing."""
    reader = "-ureader:" + composed.passwords["READER_PASSWORD"]
    curl = (
        "exec",
        "-T",
        "elasticsearch",
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        reader,
        "-H",
        "Content-Type: application/json",
    )
    assert composed(*curl, "localhost:9200/mailtrace/_search").stdout == "200"
    assert composed(*curl, "-XPOST", "localhost:9200/mailtrace-traces-2026/_doc", "-d", "{}").stdout == "403"
    assert composed(*curl, "-XDELETE", "localhost:9200/mailtrace-meta").stdout == "403"


def test_the_ingester_can_do_little(composed: Composed) -> None:
    """It is not root, cannot write to its own files or to the logs, and reaches nobody outside."""
    assert composed("exec", "-T", "ingester", "id", "-u").stdout.strip() == "10001"
    for path in ("/opt/mailtrace/x", "/logs/x"):
        assert composed("exec", "-T", "ingester", "touch", path, check=False).returncode != 0
    network = ("docker", "network", "inspect", "--format", "{{.Internal}}", f"{composed.project}_store")
    assert subprocess.run(network, env=composed.environment, capture_output=True, text=True, check=True).stdout.strip() == "true"


def test_without_passwords_it_does_not_start(composed: Composed, tmp_path: Path) -> None:
    """Where deploy/make-env was not run, compose says so in place of starting without passwords."""
    (tmp_path / "env").write_text("", encoding="utf-8")
    done = subprocess.run(
        [*compose(), "--env-file", str(tmp_path / "env"), "config"],
        cwd=ROOT,
        env=composed.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "deploy/make-env" in done.stderr


def test_kibana_is_one_profile_away(composed: Composed) -> None:
    """With the profile that deploy/make-env sets, Kibana and its account are among the services; without it they are not."""
    assert set(composed("config", "--services").stdout.split()) >= {"elasticsearch", "ingester"}
    label = "com.docker.compose"
    command = ("docker", "ps", "--filter", f"label={label}.project={composed.project}", "--format", f'{{{{.Label "{label}.service"}}}}')
    running = subprocess.run(command, env=composed.environment, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(running) == ["elasticsearch", "ingester"]
    assert composed.passwords["COMPOSE_PROFILES"] == "kibana"
