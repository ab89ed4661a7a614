"""What is set: the settings' own shape, with a sentence for each key. Reading them from their layers is `mailtrace.layers`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mailtrace.amounts import Keep, parse_keep
from mailtrace.problems import WrongUsage
from mailtrace.zones import named

Name = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer: whose mail it is. `visible_to` and `direction` of a trace follow from these."""

    name: Annotated[Name, Meta(description="How the customer is called in `--customer`.")]
    domains: Annotated[tuple[Name, ...], Meta(description="Mail domains of the customer; subdomains are named on their own.")] = ()
    networks: Annotated[tuple[Name, ...], Meta(description="Networks from which the customer's own servers send, as `192.0.2.0/24`.")] = ()

    def ranges(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks, parsed."""
        return tuple(ip_network(text, strict=False) for text in self.networks)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Log files that need something said about them, or that are read when no path is given."""

    path: Annotated[Name, Meta(description="File, folder or glob pattern.")]
    format: Annotated[Name | None, Meta(description="Format of its lines, where it is not to be recognised.")] = None
    timezone: Annotated[Name | None, Meta(description="Zone of stamps that name none, as `Europe/Berlin`.")] = None
    year: Annotated[Annotated[int, Meta(ge=1970, le=9999)] | None, Meta(description="Year of the first line, where stamps name none.")] = (
        None
    )
    log_host: Annotated[Name | None, Meta(description="Host of lines that name none.")] = None


class LogDomain(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts that hand mail to each other (server and filter), whose queue ids belong together."""

    name: Annotated[Name, Meta(description="How the log domain is called.")]
    hosts: Annotated[tuple[Name, ...], Meta(description="The hosts as their log lines name them.")] = ()
    filters: Annotated[tuple[Name, ...], Meta(description="Addresses of filters: a hand-over to or from one is a hop within.")] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    data: Annotated[Name, Meta(description="Folder for positions in the log files and for the embedded store.")]
    store: Annotated[Name, Meta(description="Where traces are kept: `sqlite:FOLDER`; by default the folder `store` under `data`.")]
    keep: Annotated[str, Meta(description="How long (`90d`, `12w`) or how much (`20GB`) is kept, or `forever`.")] = "90d"
    subjects: Annotated[
        Literal["keep", "drop"], Meta(description="`drop` leaves subjects out when lines are read; a line that holds one is not kept then.")
    ] = "keep"
    raw_lines: Annotated[bool, Meta(description="Whether the lines themselves are kept as evidence.")] = True
    customer: Annotated[tuple[Customer, ...], Meta(description="The customers.")] = ()
    source: Annotated[tuple[Source, ...], Meta(description="The log files.")] = ()
    log_domain: Annotated[tuple[LogDomain, ...], Meta(description="Log domains of several hosts.")] = ()
    pin: Annotated[Seconds, Meta(description="Seconds that a line which may still matter holds back the position in its file.")] = 600.0
    hold_back: Annotated[Seconds, Meta(description="Seconds of log time that a hop or scan waits for the message it belongs to.")] = 60.0
    memory: Annotated[Seconds, Meta(description="Seconds of log time that a journey which says nothing stays in memory.")] = 120.0

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return Path(self.data)

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
        raise WrongUsage(f"store: {settings.store!r} is no store; say sqlite:FOLDER")


def _once(what: str, names: list[str]) -> None:
    """Refuse a name that stands twice."""
    for name in sorted(set(names)):
        if names.count(name) > 1:
            raise WrongUsage(f"{what} {name!r} is there twice")
