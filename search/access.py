"""Who may ask, and what for: a caller with a role, and the customers whose mail he sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mappings.address import normalise_domain
from search.scope import EVERYTHING, Scope


class Role(StrEnum):
    """What a caller is."""

    #: Sees everything, and the audit log.
    ADMIN = "admin"
    #: Looks after some customers.
    INTEGRATOR = "integrator"
    #: Sees its own domains.
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the settings name it; its domains are normalised."""

    name: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks."""

    name: str
    role: Role
    scope: Scope
    #: The customers whose mail he sees, as far as he sees it; an admin sees all.
    customers: tuple[Customer, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that he sees, sorted; none for an admin where no customer is set, although he sees everything."""
        if self.scope.domains is not None:
            return tuple(sorted(self.scope.domains))
        return tuple(sorted({domain for customer in self.customers for domain in customer.domains}))


def caller(name: str, role: Role, customers: Iterable[str], domains: Iterable[str], known: Iterable[Customer]) -> Caller:
    """Make a caller of what stands in a token; what a customer's domains are follows from the settings as they are now."""
    known = tuple(known)
    if role is Role.ADMIN:
        return Caller(name, role, EVERYTHING, known)
    named = {customer.casefold() for customer in customers}
    own = {normalise_domain(domain) for domain in domains}
    own |= {domain for one in known if one.name.casefold() in named for domain in one.domains}
    seen = tuple(Customer(one.name, part) for one in known if (part := tuple(d for d in one.domains if d in own)))
    return Caller(name, role, Scope(frozenset(own)), seen)
