"""What is set: the settings' own shape, with a sentence for each key. Reading them from their layers is `mailtrace.layers`."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mailtrace.amounts import Keep, parse_keep
from mailtrace.problems import WrongUsage
from mailtrace.zones import named
from mappings.elasticsearch.names import IndexNames
from mappings.locales import Books

Name = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
_BASE = re.compile(r"(/[A-Za-z0-9._~-]+)+").fullmatch
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?").fullmatch
_REFRESH = re.compile(r"[1-9][0-9]{0,5}(ms|s|m)|-1").fullmatch


class CustomerTable(msgspec.Struct, frozen=True, kw_only=True):
    """A customer: whose mail it is. `visible_to` and `direction` of a trace follow from these."""

    name: Annotated[Name, Meta(description="How the customer is called in `--customer`.")]
    domains: Annotated[tuple[Name, ...], Meta(description="Mail domains of the customer; subdomains are named on their own.")] = ()
    networks: Annotated[tuple[Name, ...], Meta(description="Networks from which the customer's own servers send, as `192.0.2.0/24`.")] = ()

    def ranges(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks, parsed."""
        return tuple(ip_network(text, strict=False) for text in self.networks)


class SourceTable(msgspec.Struct, frozen=True, kw_only=True):
    """Log files that need something said about them, or that are read when no path is given."""

    path: Annotated[Name, Meta(description="File, folder, glob pattern, or journald:UNIT.")]
    format: Annotated[Name | None, Meta(description="Format of its lines, where it is not to be recognised.")] = None
    timezone: Annotated[Name | None, Meta(description="Zone of stamps that name none, as `Europe/Berlin`.")] = None
    year: Annotated[Annotated[int, Meta(ge=1970, le=9999)] | None, Meta(description="Year of the first line, where stamps name none.")] = (
        None
    )
    log_host: Annotated[Name | None, Meta(description="Host of lines that name none.")] = None


class LogDomainTable(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts that hand mail to each other (server and filter), whose queue ids belong together."""

    name: Annotated[Name, Meta(description="How the log domain is called.")]
    hosts: Annotated[tuple[Name, ...], Meta(description="The hosts as their log lines name them.")] = ()
    filters: Annotated[tuple[Name, ...], Meta(description="Addresses of filters: a hand-over to or from one is a hop within.")] = ()


class Elasticsearch(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster, where `store` is one."""

    nodes: Annotated[tuple[Name, ...], Meta(description="More addresses of the same cluster, tried when one does not answer.")] = ()
    api_key: Annotated[Name | None, Meta(description="API key, encoded as Elasticsearch gives it.")] = None
    api_key_file: Annotated[Name | None, Meta(description="File that holds the API key.")] = None
    username: Annotated[Name | None, Meta(description="User, where there is no API key.")] = None
    password: Annotated[Name | None, Meta(description="Password of the user.")] = None
    password_file: Annotated[Name | None, Meta(description="File that holds the password.")] = None
    ca_file: Annotated[Name | None, Meta(description="Certificates of the authority that signed the servers' (PEM).")] = None
    fingerprint: Annotated[Name | None, Meta(description="SHA-256 fingerprint of the servers' certificate or its authority's.")] = None
    timeout: Annotated[Seconds, Meta(description="Seconds to wait for an answer.")] = 30.0
    prefix: Annotated[Name, Meta(description="What every name on the server begins with; the read alias has just this name.")] = "mailtrace"
    period: Annotated[Literal["day", "week", "month"], Meta(description="How long a time one index holds.")] = "day"
    shards: Annotated[Annotated[int, Meta(ge=1, le=1024)], Meta(description="Shards of an index.")] = 1
    replicas: Annotated[
        Annotated[int, Meta(ge=0, le=20)] | None, Meta(description="Copies of a shard; by default one where a second node is there.")
    ] = None
    refresh: Annotated[Name, Meta(description="How soon searches see what was written, as `1s` or `30s`.")] = "1s"
    lifecycle: Annotated[bool, Meta(description="Whether a lifecycle policy of the server deletes old indices, as `keep` says.")] = False

    def __repr__(self) -> str:
        """What it is, and none of its secrets."""
        return "Elasticsearch(...)"


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """The page and the query API."""

    host: Annotated[Name, Meta(description="Address to listen on; without any access token only this machine's own.")] = "127.0.0.1"
    port: Annotated[Annotated[int, Meta(ge=0, le=65_535)], Meta(description="Port to listen on; 0 takes one that is free.")] = 8025
    base: Annotated[str, Meta(description="Path below which a reverse proxy shows the service, as `/mail`.")] = ""
    origins: Annotated[
        tuple[Name, ...], Meta(description="Origins whose scripts may call the API from a browser (CORS), as `https://desk.example.com`.")
    ] = ()
    proxies: Annotated[
        tuple[Name, ...], Meta(description="Addresses or networks of reverse proxies whose `X-Forwarded-For` and `-Proto` are believed.")
    ] = ("127.0.0.1", "::1")
    timezone: Annotated[
        Name | None, Meta(description="Zone in which pages show times until a reader chooses another; by default the system's.")
    ] = None
    certificate: Annotated[Name | None, Meta(description="Certificate (PEM, with its chain), to speak TLS without a proxy.")] = None
    key: Annotated[Name | None, Meta(description="Its private key (PEM).")] = None
    helpers: Annotated[
        Annotated[int, Meta(ge=0, le=64)] | None,
        Meta(description="Processes that answer beside the service once questions wait; by default one a core, at most 4."),
    ] = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    data: Annotated[Name, Meta(description="Folder for positions in the log files and for the embedded store.")]
    store: Annotated[
        Name,
        Meta(description="Where traces are kept: `sqlite:FOLDER` (by default the folder `store` under `data`) or `https://HOST:PORT`."),
    ]
    keep: Annotated[str, Meta(description="How long (`90d`, `12w`) or how much (`20GB`) is kept, or `forever`.")] = "90d"
    subjects: Annotated[
        Literal["keep", "drop"], Meta(description="`drop` leaves subjects out when lines are read; a line that holds one is not kept then.")
    ] = "keep"
    raw_lines: Annotated[bool, Meta(description="Whether the lines themselves are kept as evidence.")] = True
    elasticsearch: Annotated[Elasticsearch, Meta(description="The cluster, where `store` is one.")] = Elasticsearch()
    http: Annotated[Http, Meta(description="The page and the query API.")] = Http()
    customer: Annotated[tuple[CustomerTable, ...], Meta(description="The customers.")] = ()
    source: Annotated[tuple[SourceTable, ...], Meta(description="The log files.")] = ()
    log_domain: Annotated[tuple[LogDomainTable, ...], Meta(description="Log domains of several hosts.")] = ()
    quarantines: Annotated[
        str,
        Meta(description="Regular expression, in any case: Exim's routers, transports and boxes of such a name keep mail; empty for none."),
    ] = "quarantine"
    metrics: Annotated[
        str,
        Meta(description="Address on which `run`, `serve` and an `ingest` that follows show figures for Prometheus, as `127.0.0.1:8026`."),
    ] = ""
    sentences: Annotated[
        dict[str, Any], Meta(description="By language, what the site words itself of the sentences for customers, and its `signature`.")
    ] = msgspec.field(default_factory=dict)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level of what the program's own log tells.")
    ] = "info"
    processes: Annotated[
        Annotated[int, Meta(ge=0, le=64)],
        Meta(description="Processes that read, join and write; 1 is one for all, 0 takes what the cores and the logs suggest."),
    ] = 0
    pin: Annotated[Seconds, Meta(description="Seconds that a line which may still matter holds back the position in its file.")] = 600.0
    hold_back: Annotated[Seconds, Meta(description="Seconds of log time that a hop or scan waits for the message it belongs to.")] = 60.0
    memory: Annotated[Seconds, Meta(description="Seconds of log time that a journey which says nothing stays in memory.")] = 120.0

    stop_at_faults: Annotated[
        bool, Meta(description="End at a fault of the program itself, instead of putting the line aside and reading on: for its tests.")
    ] = False

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return Path(self.data)

    def quarantine_names(self) -> re.Pattern[str] | None:
        """`quarantines`, compiled; None where no name is one. Raises `re.error`."""
        return re.compile(self.quarantines, re.IGNORECASE) if self.quarantines else None

    def metrics_at(self) -> tuple[str, int] | None:
        """`metrics` as host and port; None where figures are not shown."""
        if not self.metrics:
            return None
        host, colon, port = self.metrics.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65_535:
            raise WrongUsage(f"metrics: {self.metrics!r} is no address; say 127.0.0.1:8026 or [::1]:8026")
        return host.removeprefix("[").removesuffix("]"), int(port)

    def books(self) -> Books:
        """The sentences in every language, with what the site changed; raises `WrongUsage`."""
        try:
            return Books(self.sentences)
        except ValueError as error:
            raise WrongUsage(f"sentences: {error}") from None

    def keeping(self) -> Keep:
        """`keep`, parsed."""
        return parse_keep(self.keep)

    def domains_of(self, customer: str) -> tuple[str, ...]:
        """The domains of the customer of this name, in any case."""
        for one in self.customer:
            if one.name.casefold() == customer.casefold():
                return one.domains
        known = ", ".join(sorted(one.name for one in self.customer)) or "none is set"
        raise WrongUsage(f"--customer: there is no customer {customer!r} in the settings (customers: {known})")


def check(settings: Settings) -> None:
    """Refuse what has the right type and cannot be meant: unknown zones, broken networks, names given twice."""
    settings.keeping()
    settings.metrics_at()
    if settings.sentences:
        settings.books()
    try:
        settings.quarantine_names()
    except re.error as error:
        raise WrongUsage(f"quarantines: {settings.quarantines!r} is no regular expression: {error}") from None
    _once("customer", [one.name.casefold() for one in settings.customer])
    _once("log_domain", [one.name for one in settings.log_domain])
    _once("host in log_domain", [host for one in settings.log_domain for host in one.hosts])
    for one in settings.customer:
        try:
            one.ranges()
        except ValueError as error:
            raise WrongUsage(f"customer {one.name!r}: networks: {error}") from None
    for source in settings.source:
        if source.timezone is not None:
            named(source.timezone)
    if not settings.store.startswith(("sqlite:", "http://", "https://")):
        raise WrongUsage(f"store: {settings.store!r} is no store; say sqlite:FOLDER or https://HOST:PORT")
    _check_cluster(settings.elasticsearch)
    _check_http(settings.http)


def _check_cluster(cluster: Elasticsearch) -> None:
    """Refuse names that no index can have, addresses that are none, and credentials of two kinds."""
    for node in cluster.nodes:
        if not node.startswith(("http://", "https://")):
            raise WrongUsage(f"elasticsearch: nodes: {node!r} is no address; say https://HOST:PORT")
    try:
        IndexNames(cluster.prefix)
    except ValueError as error:
        raise WrongUsage(f"elasticsearch: prefix: {error}") from None
    if _REFRESH(cluster.refresh) is None:
        raise WrongUsage(f"elasticsearch: refresh: {cluster.refresh!r} is no time; say 1s, 500ms or 30s")
    given = [name for name in ("api_key", "api_key_file", "username") if getattr(cluster, name) is not None]
    if len(given) > 1:
        raise WrongUsage(f"elasticsearch: {given[0]} and {given[1]}: give one of the two")
    if cluster.password is not None and cluster.password_file is not None:
        raise WrongUsage("elasticsearch: password and password_file: give one of the two")


def _check_http(http: Http) -> None:
    """Refuse paths, origins and zones that cannot be meant."""
    if http.base and _BASE(http.base) is None:
        raise WrongUsage(f"http: base: {http.base!r} is no path to lie below; say one such as /mail, without a slash at its end")
    for origin in http.origins:
        if _ORIGIN(origin) is None:
            raise WrongUsage(f"http: origins: {origin!r} is no origin; say https://desk.example.com, without a path")
    if http.timezone is not None:
        named(http.timezone)
    if (http.certificate is None) != (http.key is None):
        raise WrongUsage("http: certificate and key: give both or none")


def _once(what: str, names: list[str]) -> None:
    """Refuse a name that stands twice."""
    for name in sorted(set(names)):
        if names.count(name) > 1:
            raise WrongUsage(f"{what} {name!r} is there twice")
