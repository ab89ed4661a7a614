"""An Elasticsearch as a process of our own: started, killed, started again, and never left behind."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from . import java
from .distribution import unpacked
from .secured import secured
from .server import NoServerError, Wanted, wait_until_healthy

START_SECONDS = 120.0
GONE_SECONDS = 10.0
PREFIX = "mail-trace-elasticsearch-"
IPV4 = re.compile(r"^\d+\.\d+\.\d+\.\d+:\d+$", re.MULTILINE)
#: Ends the server and removes its folder as soon as whoever started it is gone, however that came about: its standard input ends then.
WATCHDOG = 'read -r _; kill -KILL -- "-$1" 2>/dev/null; sleep 0.2; rm -rf -- "$2"'
SETTINGS = {
    "discovery.type": "single-node",
    # The system gives free ports, and the server notes which.
    "http.port": "0",
    "transport.port": "0",
    "node.portsfile": "true",
    # A full disk of a developer's machine must not turn indices read-only.
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    # Tests with an index for each day have many.
    "cluster.max_shards_per_node": "5000",
}


def unprivileged() -> tuple[int, int] | None:
    """The user and group that a server runs as: nobody if we are root, as Elasticsearch refuses root; else we ourselves (None)."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return nobody.pw_uid, nobody.pw_gid


def runs(group: int) -> bool:
    """Whether anything of a process group still runs. What has ended and was not yet collected does not, unless threads of it still do."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True)
    lines = (line.split() for line in listed.stdout.splitlines())
    return any(words[0] == str(group) and (words[1][0] != "Z" or "l" in words[1]) for words in lines)


class ProcessServer:
    """A server in a folder of its own, with data that outlive a kill."""

    ours = True

    def __init__(self, wanted: Wanted, *, watched: bool = True, folder: Path | None = None, url: str = "") -> None:
        """With the folder and the address of one that was ended, `start` goes on with its data. `watched` ends it with us."""
        self._wanted = wanted
        self._watched = watched
        self._java = java.suited(wanted.major)
        self._home = unpacked(wanted.version)
        self._runs_as = unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self.url = url
        self.way = f"Elasticsearch {wanted.version} from Maven, a process of our own on Java {self._java.version}"
        self.credentials: str | None = None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=PREFIX))
        if folder is None:
            self._lay_out()

    def _lay_out(self) -> None:
        """Fill the folder with settings and room for data and logs; all of it belongs to the server's user."""
        config = self.folder / "config"
        shutil.copytree(self._home / "config", config)
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir()
        security, self.credentials = secured(self._wanted, config)
        for name, content in self._wanted.files.items():
            (config / name).write_bytes(content)
        paths = {f"path.{name}": str(self.folder / name) for name in ("data", "logs")}
        # JSON is YAML; keys may be written with dots.
        settings = json.dumps({**SETTINGS, **paths, **security, **self._wanted.settings}, indent=1)
        (config / "elasticsearch.yml").write_text(settings, encoding="utf-8")
        if self._runs_as is not None:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, *self._runs_as)

    @classmethod
    def started(cls, wanted: Wanted) -> Self:
        """Give one that answers."""
        server = cls(wanted)
        server.start()
        return server

    @property
    def pid(self) -> int | None:
        """The process and its group, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        ports = self.folder / "logs" / "http.ports"
        ports.unlink(missing_ok=True)
        self._process = self._launch()
        if self._watched:
            self._watchdog = subprocess.Popen(
                ["/bin/sh", "-c", WATCHDOG, "watchdog", str(self._process.pid), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self.url = self._wait_for_address(ports)
            wait_until_healthy(self.url, seconds=START_SECONDS, why_not=self._why_not, credentials=self.credentials)
        except BaseException:
            self.close()
            raise

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the process, in a group of its own so that all of it can be ended, at the address that it had before."""
        user, group = self._runs_as or (None, None)
        port = self.url.rpartition(":")[2]
        light = "" if self._wanted.measured else " -XX:TieredStopAtLevel=1"
        with (self.folder / "out").open("ab") as out:
            return subprocess.Popen(
                [str(self._home / "bin" / "elasticsearch"), *(["-E", f"http.port={port}"] if port else [])],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(self.folder),
                    "ES_JAVA_HOME": str(self._java.home),
                    "ES_PATH_CONF": str(self.folder / "config"),
                    "ES_JAVA_OPTS": f"-Xms{self._wanted.heap} -Xmx{self._wanted.heap}{light}",
                    "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
                    "ES_TMPDIR": str(self.folder / "tmp"),
                },
            )

    def _wait_for_address(self, ports: Path) -> str:
        """Wait until the server has noted its port."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if reason := self._why_not():
                raise NoServerError(reason)
            found = IPV4.search(ports.read_text(encoding="utf-8")) if ports.is_file() else None
            if found:
                scheme = "https" if self._wanted.settings.get("xpack.security.http.ssl.enabled") == "true" else "http"
                return f"{scheme}://{found[0]}"
            time.sleep(0.05)
        raise NoServerError(
            f"Elasticsearch {self._wanted.version} did not open a port within {START_SECONDS:.0f} seconds.{self._last_words()}"
        )

    def _why_not(self) -> str | None:
        """Why it will never answer, or None while it may."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"Elasticsearch {self._wanted.version} ended with code {self._process.returncode} while starting.{self._last_words()}"

    def _last_words(self) -> str:
        """The end of what it printed."""
        out = self.folder / "out"
        lines = out.read_text(encoding="utf-8", errors="replace").splitlines()[-20:] if out.is_file() else []
        return "".join(f"\n  {line}" for line in lines)

    def kill(self) -> None:
        """End it at once, as a power cut does; its data stay."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            # Whoever starts it again at once must not find the data still locked.
            until = time.monotonic() + GONE_SECONDS
            while runs(self._process.pid) and time.monotonic() < until:
                time.sleep(0.02)
            self._process = None
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.wait()
            if self._watchdog.stdin is not None:
                self._watchdog.stdin.close()
            self._watchdog = None

    def close(self) -> None:
        """End it and remove its data. Nobody needs them, so it is not asked kindly."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
