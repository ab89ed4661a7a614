"""Access tokens: made once, shown once, and kept as a hash with what they allow.

A token has 256 random bits, so its plain SHA-256 cannot be guessed back; that is all that is stored (`tokens.json`, for its owner only).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mappings.faults import MailTraceError
from search.access import Role
from search.http.files import Watched, locked, replace

_BEGIN = "mt_"
#: A token has so many characters; what is longer is none and is not hashed.
_LONGEST = 200


class TokenError(MailTraceError):
    """What is asked of tokens cannot be done; the message is one sentence."""


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a token. Times are milliseconds since 1970 UTC."""

    name: str
    role: Role
    #: SHA-256 of the token, in hexadecimal.
    digest: str
    created_ms: int
    customers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    expires_ms: int | None = None
    revoked_ms: int | None = None

    def valid(self, now_ms: int) -> bool:
        """Whether it opens anything now."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    def state(self, now_ms: int) -> str:
        """In one word: `valid`, `expired` or `revoked`."""
        if self.revoked_ms is not None:
            return "revoked"
        return "valid" if self.valid(now_ms) else "expired"


class Tokens:
    """The tokens in a file, which other processes may change meanwhile. Safe for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = Watched(path, self._read)

    def all(self) -> tuple[Token, ...]:
        """Every token, revoked ones too, in the order in which they were made."""
        return tuple(self._kept.now().values())

    def configured(self) -> bool:
        """Whether anybody was ever given a token that was not revoked; an expired one still means that access is meant to be closed."""
        return any(token.revoked_ms is None for token in self.all())

    def of(self, secret: str, now_ms: int) -> Token | None:
        """The token that somebody presents, where it is a valid one."""
        if not secret.startswith(_BEGIN) or too_long(secret):
            return None
        return self.of_digest(digest(secret), now_ms)

    def of_digest(self, wanted: str, now_ms: int) -> Token | None:
        """The same for the hash of one."""
        token = self._kept.now().get(wanted)
        return token if token is not None and token.valid(now_ms) else None

    def create(
        self,
        name: str,
        role: Role,
        now_ms: int,
        *,
        customers: Sequence[str] = (),
        domains: Sequence[str] = (),
        expires_ms: int | None = None,
    ) -> str:
        """Make a token and give it; it can never be shown again. Raises `TokenError` where the name is taken or nothing is allowed."""
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise TokenError("a token needs a name of 1 to 100 printable characters")
        if role is Role.ADMIN and (customers or domains):
            raise TokenError("an admin sees everything; leave customers and domains out, or choose another role")
        if role is not Role.ADMIN and not (customers or domains):
            raise TokenError(f"a token of the role {role} needs a customer or a domain, else it would see nothing")
        secret = _BEGIN + secrets.token_urlsafe(32)
        token = Token(
            name=name,
            role=role,
            digest=digest(secret),
            created_ms=now_ms,
            customers=tuple(customers),
            domains=tuple(domains),
            expires_ms=expires_ms,
        )
        with self._changing() as tokens:
            if any(one.name == name and one.valid(now_ms) for one in tokens):
                raise TokenError(f"there is a valid token named {name!r} already; revoke it first, or choose another name")
            tokens.append(token)
        return secret

    def revoke(self, name: str, now_ms: int) -> Token:
        """Take a token's rights away at once; raises `TokenError` where there is none of this name that is not revoked."""
        with self._changing() as tokens:
            for number, token in enumerate(tokens):
                if token.name == name and token.revoked_ms is None:
                    tokens[number] = msgspec.structs.replace(token, revoked_ms=now_ms)
                    return tokens[number]
        raise TokenError(f"there is no token named {name!r} that could be revoked")

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """Change the file, while no other process does."""
        with locked(self._path):
            tokens = list(self.all())
            yield tokens
            replace(self._path, msgspec.json.format(msgspec.json.encode(tokens), indent=1) + b"\n")

    def _read(self, content: bytes) -> dict[str, Token]:
        """The tokens by their hash, in the order in which they were made."""
        try:
            return {token.digest: token for token in msgspec.json.decode(content or b"[]", type=list[Token])}
        except msgspec.DecodeError as error:
            raise TokenError(f"{self._path} is damaged: {error}") from error


def too_long(secret: str) -> bool:
    """Whether it is longer than any token."""
    return len(secret) > _LONGEST


def digest(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
