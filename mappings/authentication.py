"""Authentication of mail: SPF, DKIM, DMARC and ARC, and what came of each, in the words of RFC 8601, section 2.7.

Filters have names of their own for the results; what they mean is said here once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec


class AuthMethod(StrEnum):
    """By what a message was held against its domain."""

    #: The server may send for the envelope's domain (RFC 7208).
    SPF = "spf"
    #: A signature (RFC 6376).
    DKIM = "dkim"
    #: The author's domain agrees with one of them (RFC 7489).
    DMARC = "dmarc"
    #: The seals of those who handed it on (RFC 8617).
    ARC = "arc"


class AuthResult(StrEnum):
    """What came of it; of several results of one method the first of these counts."""

    PASS = "pass"  # noqa: S105 - a result
    FAIL = "fail"
    SOFTFAIL = "softfail"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"
    POLICY = "policy"
    NEUTRAL = "neutral"
    NONE = "none"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> AuthResult:
        """A newer release may know more."""
        return cls.OTHER

    @property
    def sentence(self) -> str:
        """What it means."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    AuthResult.PASS: "The message is authenticated for this domain.",
    AuthResult.FAIL: "The check failed.",
    AuthResult.SOFTFAIL: "The domain thinks that this server may not send for it.",
    AuthResult.PERMERROR: "The domain's record is wrong.",
    AuthResult.TEMPERROR: "The domain's record could not be read at that time.",
    AuthResult.POLICY: "The signature is right, and not accepted here.",
    AuthResult.NEUTRAL: "The domain says nothing of this server, or the signature could not be judged.",
    AuthResult.NONE: "There is no record, or no signature.",
    AuthResult.OTHER: "A result that this release does not know.",
}


class AuthCheck(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One result, and the domain that it is about, where that is said."""

    method: AuthMethod
    result: AuthResult
    domain: str | None = None


_DOMAIN = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_R = AuthResult
#: Rspamd's symbols (`spf.lua`, `dkim.c`, `dmarc.lua`, `arc.lua`) and SpamAssassin's tests (`25_spf.cf`, `25_dkim.cf`, `25_dmarc.cf`), which
#: amavis lists as well.
_SYMBOLS: Final = {
    AuthMethod.SPF: {
        "R_SPF_ALLOW": _R.PASS,
        "R_SPF_FAIL": _R.FAIL,
        "R_SPF_SOFTFAIL": _R.SOFTFAIL,
        "R_SPF_NEUTRAL": _R.NEUTRAL,
        "R_SPF_NA": _R.NONE,
        "R_SPF_DNSFAIL": _R.TEMPERROR,
        "R_SPF_PERMFAIL": _R.PERMERROR,
        "SPF_PASS": _R.PASS,
        "SPF_FAIL": _R.FAIL,
        "SPF_SOFTFAIL": _R.SOFTFAIL,
        "SPF_NEUTRAL": _R.NEUTRAL,
        "SPF_NONE": _R.NONE,
    },
    AuthMethod.DKIM: {
        "R_DKIM_ALLOW": _R.PASS,
        "R_DKIM_REJECT": _R.FAIL,
        "R_DKIM_TEMPFAIL": _R.TEMPERROR,
        "R_DKIM_PERMFAIL": _R.PERMERROR,
        "R_DKIM_NA": _R.NONE,
        "DKIM_VALID": _R.PASS,
        "DKIM_INVALID": _R.FAIL,
    },
    AuthMethod.DMARC: {
        "DMARC_POLICY_ALLOW": _R.PASS,
        "DMARC_POLICY_ALLOW_WITH_FAILURES": _R.PASS,
        "DMARC_POLICY_REJECT": _R.FAIL,
        "DMARC_POLICY_QUARANTINE": _R.FAIL,
        "DMARC_POLICY_SOFTFAIL": _R.FAIL,
        "DMARC_BAD_POLICY": _R.PERMERROR,
        "DMARC_DNSFAIL": _R.TEMPERROR,
        "DMARC_NA": _R.NONE,
        "DMARC_PASS": _R.PASS,
        "DMARC_REJECT": _R.FAIL,
        "DMARC_QUAR": _R.FAIL,
        "DMARC_NONE": _R.FAIL,
        "DMARC_MISSING": _R.NONE,
    },
    AuthMethod.ARC: {
        "ARC_ALLOW": _R.PASS,
        "ARC_REJECT": _R.FAIL,
        "ARC_INVALID": _R.PERMERROR,
        "ARC_DNSFAIL": _R.TEMPERROR,
        "ARC_NA": _R.NONE,
    },
}
_MEANT: Final = {name: (method, result) for method, names in _SYMBOLS.items() for name, result in names.items()}


def domain_in(text: str) -> str | None:
    """What a line names as a domain, where it is the name of one; strangers choose it."""
    return text.lower() if _DOMAIN.fullmatch(text) is not None else None


def check_of_symbol(name: str, options: Iterable[str] = ()) -> AuthCheck | None:
    """The result that a filter's symbol is, with the domain that its options begin with (`sender.example:s=mail`); None for all others."""
    meant = _MEANT.get(name)
    if meant is None:
        return None
    method, result = meant
    first = next(iter(options), "").partition(":")[0].strip() if method is not AuthMethod.SPF else ""
    return AuthCheck(method, result, domain_in(first))


def strongest(checks: Iterable[AuthCheck], method: AuthMethod) -> AuthCheck | None:
    """The result of a method that counts."""
    order = list(AuthResult)
    return min((one for one in checks if one.method is method), key=lambda one: (order.index(one.result), one.domain is None), default=None)
