"""What amavis' own words mean: its categories (`$log_templ`; behind a hyphen stands the minor one) and what it says that it did."""

from __future__ import annotations

from msgspec.structs import replace

from mappings.facts import Scanned
from mappings.vocabulary import Direction, Disposition, Reason, Verdict

_VERDICTS = {
    "CLEAN": Verdict.CLEAN,
    "SPAM": Verdict.SPAM,
    "SPAMMY": Verdict.SUSPECT,
    "INFECTED": Verdict.VIRUS,
    "BANNED": Verdict.BANNED,
    "BAD": Verdict.BAD_HEADER,
    "UNCHECKED": Verdict.UNCHECKED,
    "OVERSIZED": Verdict.OVERSIZED,
    "TEMPFAIL": Verdict.UNCHECKED,
}
#: It did not come to an end: a fault of the host.
_FAILED = "TEMPFAIL"
#: The mail server behind it took the message for now or for good not.
_BEHIND = "MTA"
#: Which way mail went, by the networks of its own settings.
_DIRECTIONS = {
    "Inbound": Direction.INBOUND,
    "Outbound": Direction.OUTBOUND,
    "Internal": Direction.INTERNAL,
    "OpenRelay": Direction.RELAYED,
}
_DID = {"TempFailed": Disposition.TEMPFAILED, "Rejected": Disposition.REJECTED, "Bounced": Disposition.BOUNCED}


def in_our_words(said: Scanned) -> Scanned:
    """A result with what its words mean."""
    major, actions = said.category.split("-", maxsplit=1)[0], " ".join(said.actions)
    failed = said.category.startswith(_FAILED)
    did = None
    if not said.passed:
        did = Disposition.TEMPFAILED if failed else next((did for word, did in _DID.items() if word in actions), Disposition.DISCARDED)
    file, types = _forbidden(said.detail) if major == "BANNED" and said.detail else (None, [])
    ways = [way for word, way in _DIRECTIONS.items() if word in actions] if actions else []
    return replace(
        said,
        verdict=_VERDICTS.get(major, Verdict.UNKNOWN),
        did=did,
        reason=Reason.LOCAL_SYSTEM if failed else None,
        behind=said.category.startswith(_BEHIND),
        milter=said.milter or "Accepted" in actions,
        notified="Bounced" in actions,
        direction=ways[0] if len(ways) == 1 else None,
        file=file,
        file_types=types,
    )


def _forbidden(detail: str) -> tuple[str | None, list[str]]:
    """Name and short types of the part that was met: `multipart/mixed | application/x-zip,.zip,tool.zip | .exe,.exe-ms,TOOL.EXE`.

    Each level of nesting is MIME type, types that `file` tells, and the name, which is last and a stranger's (`banned_parts_as_attr`).
    """
    first, *others = detail.rpartition(" | ")[2].split(",")
    types = [one[1:] for one in (first, *others) if one.startswith(".")]
    name = ",".join(others[next((n for n, one in enumerate(others) if not one.startswith(".")), len(others)) :])
    return name or None, types
