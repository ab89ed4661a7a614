"""The captures: real logs of real mail servers, with the truth about each message that went through them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
)


def forms_named(names: Iterable[str]) -> list[Form]:
    """The forms with these names, in the order in which they are listed."""
    wanted = set(names)
    return [form for form in FORMS if str(form) in wanted]
