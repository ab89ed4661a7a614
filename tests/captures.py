"""The captures: real logs of real mail servers, with the truth about each message that went through them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

_FOLDER = Path(__file__).parent / "data" / "captures"
#: The captures are of this year; traditional stamps do not name it.
YEAR = 2026


@dataclass(frozen=True, slots=True)
class Capture:
    """One run of a mail server, and the files that it left."""

    name: str

    def content(self, file: str) -> bytes:
        """What a file of the capture holds, unpacked."""
        plain = _FOLDER / self.name / file
        return plain.read_bytes() if plain.exists() else gzip.decompress(plain.with_name(f"{file}.gz").read_bytes())

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the machine, which stamps without one are in."""
        return ZoneInfo(json.loads(self.content("run.json")).get("timezone", "UTC"))

    def records(self, file: str) -> list[bytes]:
        """The lines of a file of JSON records."""
        return self.content(file).splitlines()


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which the logs of a capture are kept: some of its files, which belong together."""

    capture: Capture
    name: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return f"{self.capture.name}-{self.name}"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its stamps."""
        return self.capture.zone

    def contents(self) -> dict[str, bytes]:
        """The files by their names."""
        return {file: self.capture.content(file) for file in self.files}

    def unpacked(self, folder: Path) -> list[Path]:
        """Write the files into a folder."""
        return written(folder, self.contents())


def written(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    """Write files into a folder, which need not be there, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


#: Postfix and amavis, everything through syslog; short queue ids.
SHORT = Capture("postfix_amavis")
#: Postfix with `maillog_file` and long queue ids, amavis through syslog.
LONG = Capture("postfix_amavis_long")
#: Postfix with Rspamd as a milter, which has a log of its own.
RSPAMD = Capture("postfix_rspamd")
#: Exim with SpamAssassin and ClamAV by ACL: all logs of their own.
EXIM = Capture("exim")
#: Exim through syslog as well, with its own stamp in each entry: the same run in files and in syslog.
EXIM_SYSLOG = Capture("exim_syslog")
#: Exim through syslog without its own stamp: long entries in pieces.
EXIM_NO_STAMP = Capture("exim_syslog_nostamp")
#: The filter amavis as a milter of Postfix, which takes what it throws away and returns what it bans.
AMAVIS_MILTER = Capture("amavis_milter_discard")
#: The filter amavis with reports in JSON.
AMAVIS_JSON = Capture("amavis_json")
#: Postfix alone, whose short queue ids come back within seconds: a choice of the messages of a longer run.
POSTFIX_SHORT = Capture("postfix_short")
#: Rspamd with finer stamps and severities, which keeps what it takes for spam; short queue ids.
RSPAMD_SEVERITY = Capture("rspamd_severity")
#: Rspamd through syslog.
RSPAMD_SYSLOG = Capture("rspamd_syslog")

#: Postfix that hands its mail to Dovecot, by LMTP and by its LDA, with rules in Sieve; everything through syslog.
DOVECOT = Capture("postfix_dovecot")
#: The same with Dovecot's own log files, whose rules send on by SMTP; short queue ids.
DOVECOT_OWN = Capture("postfix_dovecot_own")

_EXIM_FILES = ("mainlog", "rejectlog", "spamd.log", "clamav.log")
FORMS = (
    Form(SHORT, "rfc3339", ("mail.log",)),
    Form(SHORT, "traditional", ("mail-traditional.log",)),
    Form(SHORT, "rfc3339+clamav", ("mail.log", "clamav.log")),
    Form(SHORT, "traditional+clamav", ("mail-traditional.log", "clamav.log")),
    Form(SHORT, "both", ("mail.log", "mail-traditional.log")),
    Form(LONG, "maillog_file+rfc3339", ("postfix.log", "mail.log")),
    Form(LONG, "maillog_file+traditional", ("postfix.log", "mail-traditional.log")),
    Form(LONG, "maillog_file+rfc3339+clamav", ("postfix.log", "mail.log", "clamav.log")),
    Form(LONG, "maillog_file+both", ("postfix.log", "mail.log", "mail-traditional.log")),
    Form(RSPAMD, "rfc3339", ("mail.log", "rspamd.log")),
    Form(RSPAMD, "traditional+clamav", ("mail-traditional.log", "rspamd.log", "clamav.log")),
    Form(EXIM, "mainlog+rejectlog", _EXIM_FILES),
    # Everything that `log_selector` can add; ids of 6-11-4 characters; milliseconds and process ids; deliveries that begin in the dialogue.
    Form(Capture("exim_all"), "mainlog+rejectlog", _EXIM_FILES),
    Form(Capture("exim_new_ids_all"), "mainlog+rejectlog", _EXIM_FILES),
    Form(Capture("exim_millisec"), "mainlog+rejectlog", _EXIM_FILES),
    Form(Capture("exim_cutthrough"), "mainlog+rejectlog", _EXIM_FILES),
    Form(EXIM_SYSLOG, "rfc3339", ("mail.log", "clamav.log")),
    Form(EXIM_NO_STAMP, "rfc3339", ("mail.log", "clamav.log")),
    Form(EXIM_NO_STAMP, "traditional", ("mail-traditional.log", "clamav.log")),
    Form(RSPAMD_SEVERITY, "rfc3339", ("mail.log", "rspamd.log")),
    Form(RSPAMD_SEVERITY, "traditional+clamav", ("mail-traditional.log", "rspamd.log", "clamav.log")),
    Form(RSPAMD_SYSLOG, "rfc3339", ("mail.log",)),
    Form(RSPAMD_SYSLOG, "traditional", ("mail-traditional.log",)),
    Form(AMAVIS_MILTER, "rfc3339", ("mail.log",)),
    Form(AMAVIS_MILTER, "traditional+clamav", ("mail-traditional.log", "clamav.log")),
    Form(AMAVIS_JSON, "rfc3339", ("mail.log",)),
    Form(AMAVIS_JSON, "traditional+clamav", ("mail-traditional.log", "clamav.log")),
    Form(POSTFIX_SHORT, "rfc3339", ("mail.log",)),
    Form(POSTFIX_SHORT, "traditional", ("mail-traditional.log",)),
    Form(DOVECOT, "rfc3339", ("mail.log",)),
    Form(DOVECOT, "traditional", ("mail-traditional.log",)),
    Form(DOVECOT_OWN, "rfc3339", ("mail.log", "dovecot.log", "dovecot-info.log")),
    Form(DOVECOT_OWN, "traditional", ("mail-traditional.log", "dovecot.log", "dovecot-info.log")),
)
#: Each run once, in its first form.
RUNS = tuple({form.capture.name: form for form in reversed(FORMS)}.values())


def forms_named(names: Iterable[str]) -> list[Form]:
    """The forms with these names, in the order in which they are listed."""
    wanted = set(names)
    return [form for form in FORMS if str(form) in wanted]
