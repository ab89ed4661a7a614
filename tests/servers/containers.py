"""An Elasticsearch in a container, where a Docker engine answers."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from .server import NoServerError, Wanted, wait_until_healthy

if TYPE_CHECKING:
    from docker.models.containers import Container  # type: ignore[import-untyped]

IMAGE_VARIABLE = "MAILTRACE_TEST_ELASTICSEARCH_IMAGE"
START_SECONDS = 180.0


def engine_answers() -> bool:
    """Whether a Docker engine really answers: its client alone is on many machines."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if address.startswith("unix://"):
        # Asked by hand first: the client forgets to close what could not connect.
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(address.removeprefix("unix://"))
            except OSError:
                return False
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]

    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return False
    try:
        return bool(client.ping())
    except DockerException:
        return False
    finally:
        client.close()


def image_for(wanted: Wanted) -> str:
    """The image that is asked for, else the official one of the version, by a name without a host."""
    return os.environ.get(IMAGE_VARIABLE) or f"elasticsearch:{wanted.version}"


def _free_port() -> int:
    """A port that is free now. The engine gives another port at each start, and a server must come back where it was."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


class ContainerServer:
    """A server in a container that testcontainers started, and ends."""

    ours = True
    credentials = None

    def __init__(self, wanted: Wanted) -> None:
        from docker.errors import DockerException
        from testcontainers.core.container import DockerContainer

        self._image = image_for(wanted)
        self.way = f"Elasticsearch from the image {self._image}, in a container"
        port = _free_port()
        self._container = DockerContainer(self._image).with_bind_ports(9200, port)
        environment = {
            "discovery.type": "single-node",
            "network.host": "0.0.0.0",  # noqa: S104
            "xpack.security.enabled": "false",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "cluster.max_shards_per_node": "5000",
            "ES_JAVA_OPTS": f"-Xms{wanted.heap} -Xmx{wanted.heap}",
        }
        for name, value in environment.items():
            self._container.with_env(name, value)
        try:
            self._container.start()
        except DockerException as error:
            raise NoServerError(f"The image {self._image} could not be started: {str(error).splitlines()[0]}") from error
        self.url = f"http://{self._container.get_container_host_ip()}:{port}"
        self._wait()

    def _docker(self) -> Container:
        """The container as the engine's client knows it."""
        return self._container.get_wrapped_container()

    def _why_not(self) -> str | None:
        """Why it will never answer, or None while it may."""
        container = self._docker()
        container.reload()
        if container.status in ("created", "running"):
            return None
        words = container.logs(tail=20).decode(errors="replace")
        return f"The container of {self._image} is {container.status}.\n{words}"

    def _wait(self) -> None:
        """Wait until it is healthy; it is removed if it does not become so."""
        try:
            wait_until_healthy(self.url, seconds=START_SECONDS, why_not=self._why_not)
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """End it at once; its data stay."""
        container = self._docker()
        container.reload()
        if container.status == "running":
            container.kill("SIGKILL")
            container.wait()

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        self._docker().start()
        self._wait()

    def close(self) -> None:
        """End and remove it."""
        self._container.stop()
