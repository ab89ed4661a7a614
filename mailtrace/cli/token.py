"""`mailtrace token`: who may ask the service."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import Annotated, Literal

from cyclopts import Parameter

from mailtrace.access import tokens
from mailtrace.amounts import parse_keep
from mailtrace.cli.common import Common
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.zones import named, shown_time, system_zone
from search.access import Role
from search.http.tokens import Token, TokenError
from search.times import utc

_ROLES = Literal["admin", "integrator", "customer"]


def token(
    action: Annotated[Literal["create", "list", "revoke"], Parameter(name="ACTION")] = "list",
    name: Annotated[str | None, Parameter(name="NAME")] = None,
    /,
    *,
    role: _ROLES | None = None,
    customer: tuple[str, ...] = (),
    domain: tuple[str, ...] = (),
    expires: str | None = None,
    common: Common | None = None,
) -> int:
    """Make, list and revoke the access tokens of the page and the API.

    `create NAME --role ROLE` prints a new token, this once: only its hash is kept. An admin sees everything, an integrator the mail of
    some customers, a customer that of its own domains. `revoke NAME` takes effect at once.

    Parameters
    ----------
    action
        `create`, `list` or `revoke`.
    name
        What the token is called in the list and in the audit log.
    role
        admin, integrator or customer.
    customer
        Customer of the settings whose mail may be seen; can be given several times.
    domain
        Domain whose mail may be seen; can be given several times.
    expires
        For how long it is valid, as 30d or 12h; by default for ever.
    """
    settings = (common or Common()).settings()
    now_ms = time.time_ns() // 1_000_000
    try:
        if action == "list":
            _list(settings, now_ms)
            return 0
        if name is None:
            raise WrongUsage(f"token {action} needs a NAME")
        if action == "revoke":
            tokens(settings).revoke(name, now_ms)
            Screen(sys.stderr).line(f"The token {name!r} is revoked; whoever signed in with it is signed out.")
            return 0
        if role is None:
            raise WrongUsage("token create needs --role admin, integrator or customer")
        secret = tokens(settings).create(
            name,
            Role(role),
            now_ms,
            customers=_known(settings, customer),
            domains=domain,
            expires_ms=None if expires is None else now_ms + _life_ms(expires),
        )
        print(secret)
        screen = Screen(sys.stderr)
        screen.paragraph("This is the token, shown this once. Sign in with it, or send it as the header Authorization: Bearer TOKEN.")
    except TokenError as error:
        raise CouldNot(str(error)) from None
    return 0


def _known(settings: Settings, customers: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a customer that the settings do not name: it would be one without mail."""
    for one in customers:
        if not settings.domains_of(one):
            raise WrongUsage(f"--customer: no domains are set for {one!r}")
    return customers


def _life_ms(text: str) -> int:
    """For how long a token is valid."""
    try:
        life = parse_keep(text).seconds
    except WrongUsage:
        life = None
    if life is None:
        raise WrongUsage(f"--expires: {text!r} is no time; say 30d, 12h or 52w")
    return life * 1000


def _list(settings: Settings, now_ms: int) -> None:
    """One line a token: name, role, state, what it sees, times."""
    screen, zone = Screen(sys.stdout), named(system_zone())
    listed = tokens(settings).all()
    if not listed:
        screen.line("No access token was made yet: the service listens on this machine only.")
    wide = max((len(one.name) for one in listed), default=0)
    for one in listed:
        screen.line(f"{one.name:<{wide}}  {one.role:<10}  {one.state(now_ms):<7}  {_sees(one)}; {_times(one, zone)}")


def _sees(one: Token) -> str:
    """What a token opens."""
    if one.role is Role.ADMIN:
        return "everything"
    return ", ".join([*(f"customer {name}" for name in one.customers), *one.domains])


def _times(one: Token, zone: dt.tzinfo) -> str:
    """When it was made, and when it ends or ended."""
    times = [("made", one.created_ms), ("expires", one.expires_ms), ("revoked", one.revoked_ms)]
    return ", ".join(f"{word} {shown_time(utc(time_ms), zone)}" for word, time_ms in times if time_ms is not None)
