"""What stands before a line, or in its header, and is not the program's: taken off, one form a function.

Each gives the line without it, or None where the line has none of it. None is asked of a file whose first lines have none (`Unwrapper`).
"""

from __future__ import annotations

import re

from ingest.framing.tag import TAG
from ingest.unwrapping.collected import Part, collected, line_of
from ingest.unwrapping.stamped import DAY_TIME, MOMENT, STAMP, moment_of, stamped, within

_FACILITY = r"(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|security|console|audit|local[0-7])"
_SEVERITY = r"(?:emerg|alert|crit|critical|err|error|warning|warn|notice|info|debug|panic|fatal|trace)"

_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,30}[A-Za-z]")
_RESET = re.compile(r"\x1b\[0?m\Z")
#: A file's name, which may hold blanks where it is a path; and what `grep` calls its input.
_NAMED = r"(?:(?:[A-Za-z]:)?\.{0,2}[/\\][^:\"'{}<>|=\[\]()]{1,255}|[^\s:\"'{}<>|=\[\]()]{1,255}|\([^()]{1,40}\))"
#: A stamp or a record of JSON follows, behind a colon also a container's name; lines of context have a dash.
_FOUND = re.compile(
    rf"(?:{_NAMED}:(?:\d{{1,9}}:)?|\d{{1,9}}:)(?=(?:{STAMP})|\{{\"|\w[\w.@-]{{0,100}} {{1,40}}\| )"
    rf"|(?:{_NAMED}-(?:\d{{1,9}}-)?|\d{{1,9}}-)(?=(?:{STAMP})|\{{\")"
)
_FILE = re.compile(r"==> \S.{0,1000} <==\s*\Z")
_COMPOSE = re.compile(r"\[?[A-Za-z0-9][\w.@/-]{0,200}\]?\s{0,60}\| ?")
_POD = re.compile(r"\[pod/[\w./-]{1,255}\] ")
#: Names of pods and containers; what begins with a capital or a blank may be a sentence, or a header that a stranger wrote.
_HELD = re.compile(rf"(?:(?:[a-z][a-z0-9_.-]{{0,252}}|[0-9a-f]{{12,64}}) {{1,20}}){{1,3}}(?={STAMP}|\{{\")")
_TAKEN = re.compile(rf"({MOMENT}|{DAY_TIME})(?: {{1,2}}|\t)(?={STAMP}|\{{\"|\w[\w.@-]{{0,100}} {{1,40}}\| )")
_CRI = re.compile(rf"({MOMENT}) (stdout|stderr) ([FP])(?::\S{{0,100}})?(?: |\Z)")
_UNIT_TAGGED = re.compile(r"(?<= )([\w.@\\-]{1,200})\.service(?=\[\d{1,10}\]: )", re.ASCII)
_FULL = re.compile(
    r"[^\W\d_]{1,8}\.? (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) ([A-Z]{1,5}|[+-]\d\d(?::?\d\d)?) (?=\[s=|\S{1,255} \S{1,255}: )"
)
_UNIX = re.compile(r"(\d{9,11})\.(\d{6}) (?=\S{1,255} )", re.ASCII)
_EVENT = re.compile(r"(?:data: |\x1e)(?=\{)")
_SHIPPED = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d\S{0,20})(?: ([+-]\d{4}))?(?:\t[\w.-]{1,200}\t| [\w.-]{1,200}: )(?=\{)")
_LABELLED = re.compile(rf"({MOMENT}) \{{((?:\w{{1,100}}=\"[^\"]{{0,255}}\"(?:, ?)?)*)\}} {{1,40}}")
_LABEL = re.compile(r"(\w{1,100})=\"([^\"]{0,255})\"")
_NODE = re.compile(rf"((?:{MOMENT})) \[\d{{1,9}}:[\w.-]{{1,100}}:([\w./@-]{{1,200}}(?:\[\d{{1,10}}\])?)\] ")
#: `INFO`, `[info]`.
_GRAVITY = rf"(?:\[(?i:{_SEVERITY})\]|(?i:{_SEVERITY})) {{1,20}}"
_DATED = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?: ?(Z|[+-]\d\d:?\d\d))? "
    rf"(?:(?:{_GRAVITY})?(?=(?:[^\s\[\]=<>]{{1,255}} )?{TAG})"
    # A tag without a process is one behind what no program's own file has.
    rf"|(?:{_GRAVITY}|(?<=[+-]\d\d:\d\d ))(?=(?:[^\s\[\]=<>:]{{1,255}} )?[\w./@-]{{1,100}}: ))"
)

#: A stamp as the framing knows it, with what is before the word that is none of a header.
_STAMPED = r"((?:<\d{1,3}>)?(?:\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d\S{0,20}|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,12})?) "
_LEVEL = re.compile(
    rf"{_STAMPED}(?:[^\s\[\]:<>]{{1,255}} )??){_GRAVITY}(?=(?:[^\s:]{{1,255}} )?[\w./@-]{{1,100}}(?:\[\d{{1,10}}\])?: )", re.ASCII
)
_PRIORITY = re.compile(
    rf"{_STAMPED}(?:[^\s\[\]:<>]{{1,255}} )?)(?:<{_FACILITY}\.{_SEVERITY}>|{_FACILITY}[.:|]{_SEVERITY}):? (?=\S)", re.ASCII
)
_NUMBERED = re.compile(rf"({_STAMPED}(?:\S{{1,255}} )?)[^\s:]{{1,255}}: )\[ID \d{{1,10}} {_FACILITY}\.{_SEVERITY}\] ", re.ASCII)

#: What zones are called that only one has; the others are the file's own.
_ZONES = {
    **dict.fromkeys(("UTC", "GMT", "WET"), "+0000"),
    **dict.fromkeys(("CET", "WEST"), "+0100"),
    **dict.fromkeys(("CEST", "EET"), "+0200"),
    **dict.fromkeys(("EEST", "MSK"), "+0300"),
    "JST": "+0900",
    "KST": "+0900",
    "AEST": "+1000",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
    "EDT": "-0400",
    "EST": "-0500",
    "CDT": "-0500",
    "MDT": "-0600",
    "MST": "-0700",
    "PDT": "-0700",
    "PST": "-0800",
}


def uncoloured(text: str) -> str | None:
    """A line in colours, as terminals get it, or one after which they end."""
    if text.startswith("\x1b["):
        return _COLOUR.sub("", text)
    return _RESET.sub("", text) if text.endswith("m") and _RESET.search(text) is not None else None


def found(text: str) -> str | None:
    """`/var/log/mail.log:12:Nov 24 04:03:39 ...`, as `grep` writes it."""
    return _without(_FOUND.match(text), text)


def file_header(text: str) -> str | None:
    """`==> /var/log/mail.log <==`, as `tail -f` writes it between the files: nothing is left."""
    return "" if text.startswith("==> ") and _FILE.match(text) is not None else None


def composed(text: str) -> str | None:
    """`mail-1  | Nov 24 04:03:39 ...`, as `docker compose logs`, `docker service logs` and their kin write it."""
    return _without(_COMPOSE.match(text), text)


def of_pod(text: str) -> str | None:
    """`[pod/mail-0/postfix] Nov 24 ...`, as `kubectl logs --prefix` writes it."""
    return _without(_POD.match(text), text)


def held(text: str) -> str | None:
    """`mail-0 postfix Jan 25 21:25:22 ...`: pod and container as `stern` writes them, a container's name or id as `podman logs` does."""
    return None if stamped(text) else _without(_HELD.match(text), text)


def taken(text: str) -> str | None:
    """`2026-01-25T21:25:22.123456789Z Jan 25 21:25:22 ...`: a line with a stamp behind another, as `docker logs -t` and others write it."""
    match = _TAKEN.match(text)
    return None if match is None else within(match[1].replace(" ", "T"), text[match.end() :], at_once=True)


def of_container(text: str) -> Part | None:
    """`2026-01-25T21:25:22.123456789Z stdout F Jan 25 ...`: files of Kubernetes and Podman, which cut long lines (`P`)."""
    match = _CRI.match(text)
    return None if match is None else Part(match[2], match[1], text[match.end() :], more=match[3] == "P")


def full(text: str) -> str | None:
    """`Sun 2026-01-25 21:25:22 CET mx1 ...`: `journalctl -o short-full`; with the unit for the program (`with-unit`)."""
    match = _FULL.match(text)
    if match is None:
        return None
    zone = match[3] if match[3][0] in "+-" else _ZONES.get(match[3], "")
    rest = _UNIT_TAGGED.sub(r"\1", text[match.end() :], count=1)
    return f"{match[1]}T{match[2]}{zone if len(zone) != len('+01') else zone + '00'} {rest}"


def unix(text: str) -> str | None:
    """`1769376322.123456 mx1 ...`: `journalctl -o short-unix`."""
    match = _UNIX.match(text)
    moment = None if match is None else moment_of(int(match[1] + match[2]))
    return None if match is None or moment is None else f"{moment} {text[match.end() :]}"


def event(text: str) -> str | None:
    """`data: {...}`, and behind a record separator: `journalctl -o json-sse` and `json-seq`."""
    return _without(_EVENT.match(text), text)


def shipped(text: str) -> str | Part | None:
    """A stamp, a tag and a record of JSON: what Fluentd writes into files, and to its output. Of syslog it has no time within."""
    match = _SHIPPED.match(text)
    if match is None:
        return None
    record = text[match.end() :]
    return collected(record, moment=f"{match[1]}T{match[2]}{match[3] or ''}") or record


def of_node(text: str) -> str | None:
    """`2026-01-25T21:25:22+01:00 [1:mail1:postfix/smtpd] ...`: node, module and program, as NethServer 8 shows its logs."""
    match = _NODE.match(text)
    return None if match is None else f"{match[1]} {match[2]}: {text[match.end() :]}"


def labelled(text: str) -> str | Part | None:
    """`2026-01-25T21:25:22Z {identifier="postfix/smtpd"} ...`, as `logcli` writes what Loki keeps."""
    match = _LABELLED.match(text)
    return None if match is None else line_of({**dict(_LABEL.findall(match[2])), "time": match[1], "message": text[match.end() :]})


def dated(text: str) -> str | None:
    """`2026-01-25 21:25:22,123 postfix/smtpd[558]: ...`: a stamp in two words before a tag of syslog."""
    match = _DATED.match(text)
    return None if match is None else f"{match[1]}T{match[2]}{match[3] or ''} {text[match.end() :]}"


def level(text: str) -> str | None:
    """`2026-01-25T21:25:22+00:00 INFO    postfix/smtpd[558]: ...`: how grave it is, where others have a host."""
    return _cut(_LEVEL.match(text), text)


def priority(text: str) -> str | None:
    """`<mail.info>`, `mail.info`, `mail:info` before or behind the host: BSD, busybox, AIX."""
    return _cut(_PRIORITY.match(text), text)


def numbered(text: str) -> str | None:
    """`postfix/smtpd[558]: [ID 197553 mail.info] ...`: Solaris and illumos."""
    return _cut(_NUMBERED.match(text), text)


def _without(match: re.Match[str] | None, text: str) -> str | None:
    """What follows."""
    return None if match is None else text[match.end() :]


def _cut(match: re.Match[str] | None, text: str) -> str | None:
    """What stands before the word, and what follows."""
    return None if match is None else match[1] + text[match.end() :]
