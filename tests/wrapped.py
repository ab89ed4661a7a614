"""Lines of the captures as people have them: wrapped by containers, collectors, journald, searches and other systems' syslog."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.framing.line import Line

Written = Callable[[Line, datetime], list[str]]
_OKT = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
_FRENCH = ("janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
_POLISH = ("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru")


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A form, and what of a line it carries."""

    name: str
    written: Written
    host: bool = True
    pid: bool = True
    fine: bool = False

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return self.name

    def of(self, lines: list[Line]) -> str:
        """A file of such lines."""
        return "".join(f"{text}\n" for line in lines for text in self.written(line, _moment(line)))

    def plain(self, lines: list[Line]) -> str:
        """The same lines in a plain file, with no more than the form carries."""
        written = []
        for line in lines:
            stamp = _iso(_moment(line)) if self.fine else f"{_moment(line):%Y-%m-%dT%H:%M:%S}Z"
            host = f"{line.host} " if self.host else ""
            written.append(f"{stamp} {host}{_tag(line) if self.pid else line.tag}: {line.text}\n")
        return "".join(written)


def _moment(line: Line) -> datetime:
    return datetime.fromtimestamp(line.time_us // 1_000_000, UTC).replace(microsecond=line.time_us % 1_000_000)


def _iso(when: datetime, digits: int = 6) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.{f'{when.microsecond:06}789'[:digits]}Z"


def _tag(line: Line) -> str:
    return f"{line.tag}[{line.pid}]" if line.pid else line.tag


def _body(line: Line) -> str:
    return f"{_tag(line)}: {line.text}"


def bsd(line: Line, when: datetime) -> str:
    """As rsyslog's traditional template has it."""
    return f"{when:%b} {when.day:2} {when:%H:%M:%S} {line.host} {_body(line)}"


def _fields(line: Line, when: datetime) -> dict[str, str]:
    micros = f"{int(when.timestamp())}{when.microsecond:06}"
    pid = {"SYSLOG_PID": str(line.pid), "_PID": str(line.pid)} if line.pid else {}
    return {"__CURSOR": f"s=0;i={line.number:x}", "__REALTIME_TIMESTAMP": micros, "_HOSTNAME": line.host, "PRIORITY": "6", **pid} | {
        "SYSLOG_IDENTIFIER": line.tag,
        "MESSAGE": line.text,
    }


def _export(line: Line, when: datetime) -> list[str]:
    fields = _fields(line, when)
    return [*(f"{name}={value}" for name, value in fields.items()), ""]


def _verbose(line: Line, when: datetime) -> list[str]:
    fields = _fields(line, when)
    micros = int(fields.pop("__REALTIME_TIMESTAMP"))
    fields.pop("__CURSOR")
    header = f"{when:%a %Y-%m-%d %H:%M:%S}.{when.microsecond:06} UTC [s=0123456789abcdef0123456789abcdef;i=1;b=0;m=1;t={micros:x};x=0]"
    return [header, *(f"    {name}={value}" for name, value in fields.items())]


def _pretty(line: Line, when: datetime) -> list[str]:
    return json.dumps(_fields(line, when), indent="\t", ensure_ascii=False).splitlines()


def _docker(line: Line, when: datetime) -> str:
    return (
        json.dumps({"log": bsd(line, when) + "\n", "stream": "stdout", "time": _iso(when, 9)})
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
    )


def _cut(line: Line, when: datetime) -> list[str]:
    """Docker's records of a line that was cut into pieces."""
    whole = bsd(line, when) + "\n"
    pieces = [whole[:40], whole[40:90], whole[90:]] if len(whole) > 90 else [whole]
    return [json.dumps({"log": piece, "stream": "stdout", "time": _iso(when, 9)}) for piece in pieces]


def _cri(line: Line, when: datetime) -> list[str]:
    whole = bsd(line, when)
    pieces = [f"P {whole[:50]}", f"F {whole[50:]}"] if len(whole) > 50 else [f"F {whole}"]
    return [f"{_iso(when, 9)} stdout {piece}" for piece in pieces]


def _beat(line: Line, when: datetime) -> str:
    record = {"@timestamp": f"{when:%Y-%m-%dT%H:%M:%S}.999Z", "log": {"offset": 7, "file": {"path": "/var/log/mail.log"}}}
    return json.dumps(record | {"message": bsd(line, when), "host": {"name": "collector"}, "input": {"type": "log"}})


def _vector(line: Line, when: datetime) -> str:
    record = {"appname": line.tag, "facility": "mail", "hostname": line.host, "message": line.text, "severity": "info"}
    return json.dumps(record | {"procid": line.pid or None, "source_type": "syslog", "timestamp": _iso(when)})


def _bit(line: Line, when: datetime) -> str:
    return json.dumps({"date": float(f"{int(when.timestamp())}.{when.microsecond:06}"), "log": bsd(line, when)})


def _bit_journal(line: Line, when: datetime) -> str:
    fields = _fields(line, when)
    del fields["__CURSOR"], fields["__REALTIME_TIMESTAMP"]
    return json.dumps({"date": int(when.timestamp()), **fields})


def _rsyslog(line: Line, when: datetime) -> str:
    head = {"timestamp": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond:06}+00:00", "host": line.host, "severity": "info", "facility": "mail"}
    return json.dumps(head | {"syslog-tag": f"{_tag(line)}:", "source": line.tag.partition("/")[0], "message": f" {line.text}"})


def _all_json(line: Line, when: datetime) -> str:
    head = {
        "msg": f" {line.text}",
        "rawmsg": bsd(line, when),
        "timereported": _iso(when),
        "hostname": line.host,
        "syslogtag": f"{_tag(line)}:",
    }
    return json.dumps(head | {"fromhost": line.host, "programname": line.tag.partition("/")[0], "procid": str(line.pid or "-"), "$!": None})


def _shipped(line: Line, when: datetime) -> str:
    record = {"host": line.host, "ident": line.tag, **({"pid": str(line.pid)} if line.pid else {}), "message": line.text}
    return f"{when:%Y-%m-%dT%H:%M:%S}+00:00\tmail.log.mail.info\t{json.dumps(record)}"


def _ng(line: Line, when: datetime) -> str:
    record = {
        "PROGRAM": line.tag,
        "PRIORITY": "info",
        "MESSAGE": line.text,
        "HOST": line.host,
        "FACILITY": "mail",
        "DATE": bsd(line, when)[:15],
    }
    return json.dumps(record | ({"PID": str(line.pid)} if line.pid else {}))


def _month(names: tuple[str, ...]) -> Written:
    return lambda line, when: [f"{names[when.month - 1]} {when:%d %H:%M:%S} {line.host} {_body(line)}"]


def _one(written: Callable[[Line, datetime], str]) -> Written:
    return lambda line, when: [written(line, when)]


def _encoded(text: str, name: str, **more: object) -> str:
    return json.dumps({name: text, **more})


#: What stands around lines that programs wrote into files of their own, whatever these are.
AROUND: dict[str, Callable[[str], str]] = {
    "compose": lambda text: f"rspamd-mailcow-1    | {text}",
    "compose-stamped": lambda text: f"mail-1  | 2026-12-24T21:25:22.512345678Z {text}",
    "docker-t": lambda text: f"2026-12-24T21:25:22.512345678Z {text}",
    "json-file": lambda text: _encoded(f"{text}\n", "log", stream="stderr", time="2026-12-24T21:25:22.512345678Z"),
    "cri": lambda text: f"2026-12-24T21:25:22.512345678Z stderr F {text}",
    "fluent-bit-cri": lambda text: _encoded(f"2026-12-24T21:25:22.512345678Z stderr F {text}", "log", date=1798147522.5),
    "kubectl": lambda text: f"[pod/mail-0/exim] {text}",
    "grep": lambda text: f"./logs/exim/mainlog.1:{text}",
    "filebeat": lambda text: _encoded(text, "message", **{"@timestamp": "2026-12-24T21:25:22.512Z", "agent": {"type": "filebeat"}}),
}


WRAPPINGS = (
    Wrapping("priority", _one(lambda line, when: f"<22>{bsd(line, when)}")),
    Wrapping("short-iso", _one(lambda line, when: f"{when:%Y-%m-%dT%H:%M:%S}+0000 {line.host} {_body(line)}")),
    Wrapping("short-precise", _one(lambda line, when: f"{bsd(line, when)[:15]}.{when.microsecond:06}{bsd(line, when)[15:]}"), fine=True),
    Wrapping("comma", _one(lambda line, when: f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond:06} {line.host} {_body(line)}"), fine=True),
    Wrapping("comma-level", _one(lambda line, when: f"{when:%Y-%m-%d %H:%M:%S} INFO {_body(line)}"), host=False),
    Wrapping("compose", _one(lambda line, when: f"mailcow-postfix-1  | {bsd(line, when)}")),
    Wrapping("compose-colours", _one(lambda line, when: f"\x1b[36mmail-1        |\x1b[0m {bsd(line, when)}")),
    Wrapping("compose-old", _one(lambda line, when: f"mail_1  | {bsd(line, when)}")),
    Wrapping("compose-stamped", _one(lambda line, when: f"mail-1  | {_iso(when, 9)} {bsd(line, when)}")),
    Wrapping("compose-no-host", _one(lambda line, when: f"mail-1  | {_iso(when)} {_body(line)}"), host=False, fine=True),
    Wrapping("docker-t", _one(lambda line, when: f"{_iso(when, 9)} {bsd(line, when)}")),
    Wrapping("docker-t-no-header", _one(lambda line, when: f"{_iso(when, 9)} {_body(line)}"), host=False, fine=True),
    Wrapping("json-file", _one(_docker)),
    Wrapping("json-file-cut", _cut),
    Wrapping("cri", _cri),
    Wrapping("docker-syslog", _one(lambda line, when: f"{bsd(line, when)[:15]} dockerhost docker/mail-1[812]: {bsd(line, when)}")),
    Wrapping("docker-syslog-id", _one(lambda line, when: f"{_iso(when)} dockerhost 1f0e3dad9990[812]: {bsd(line, when)}")),
    Wrapping("docker-inner", _one(lambda line, when: f"{bsd(line, when)[:15]} dockerhost docker[812]: {bsd(line, when)}")),
    Wrapping("docker-tagged", _one(lambda line, when: f"{bsd(line, when)[:15]} {line.host} docker/mail[812]: {_body(line)}")),
    Wrapping("relayed", _one(lambda line, when: f"<22>1 {_iso(when)} relay - - - - {bsd(line, when)}")),
    Wrapping("severity", _one(lambda line, when: f"{_iso(when)} INFO    {_body(line)}"), host=False, fine=True),
    Wrapping("nethserver", _one(lambda line, when: f"{_iso(when)} [1:mail1:{line.tag}] {line.text}"), host=False, pid=False, fine=True),
    Wrapping("grep", _one(lambda line, when: f"/var/log/mail.log-20261124:{bsd(line, when)}")),
    Wrapping("grep-n", _one(lambda line, when: f"mail.log:12:{bsd(line, when)}")),
    Wrapping("tail", lambda line, when: ["==> /var/log/mail.log <==", bsd(line, when), ""]),
    Wrapping("solaris", _one(lambda line, when: f"{bsd(line, when)[:16]}{line.host} {_tag(line)}: [ID 197553 mail.info] {line.text}")),
    Wrapping("freebsd", _one(lambda line, when: f"{bsd(line, when)[:15]} <mail.info> {line.host} {_body(line)}")),
    Wrapping("busybox", _one(lambda line, when: f"{bsd(line, when)[:15]} {line.host} mail.info {_body(line)}")),
    Wrapping("german", _month(_OKT)),
    Wrapping("french", _month(_FRENCH)),
    Wrapping("polish", _month(_POLISH)),
    Wrapping("short-full", _one(lambda line, when: f"{when:%a %Y-%m-%d %H:%M:%S} UTC {line.host} {_body(line)}")),
    Wrapping("short-unix", _one(lambda line, when: f"{int(when.timestamp())}.{when.microsecond:06} {line.host} {_body(line)}"), fine=True),
    Wrapping("journal-json", _one(lambda line, when: json.dumps(_fields(line, when))), fine=True),
    Wrapping("journal-sse", lambda line, when: [f"data: {json.dumps(_fields(line, when))}", ""], fine=True),
    Wrapping("journal-pretty", _pretty, fine=True),
    Wrapping("journal-export", _export, fine=True),
    Wrapping("journal-verbose", _verbose, fine=True),
    Wrapping("filebeat", _one(_beat)),
    Wrapping("vector", _one(_vector), fine=True),
    Wrapping("fluent-bit", _one(_bit)),
    Wrapping("fluent-bit-journal", _one(_bit_journal)),
    Wrapping("fluentd", _one(lambda line, when: f"{when:%Y-%m-%dT%H:%M:%S}+00:00\tmail.log\t{json.dumps({'message': bsd(line, when)})}")),
    Wrapping("fluentd-syslog", _one(_shipped)),
    Wrapping("tab", _one(lambda line, when: f"{when:%Y-%m-%d %H:%M:%S}.000\t{bsd(line, when)}")),
    Wrapping("rsyslog-json", _one(_rsyslog), fine=True),
    Wrapping("rsyslog-jsonmesg", _one(_all_json), fine=True),
    Wrapping("syslog-ng-json", _one(_ng)),
)
