"""The man page, made of the same help as docs/commands.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

_BEGIN = """.\\" Made of the program's own help; `make docs` writes it anew.
.TH MAILTRACE 1 "" "Mail Trace" "User Commands"
.SH NAME
mailtrace \\- what happened to that e-mail?
.SH SYNOPSIS
.B mailtrace
.RI [ OPTIONS ]
.I COMMAND
.RI [ ARGUMENTS ]
.SH DESCRIPTION
Reads the logs of mail servers and filters, and says of each message and recipient what became of it, why, and whose move it is.
.SH COMMANDS
"""
_END = """.SH EXIT STATUS
0 where it was done, 1 where it could not be done, 2 where it was asked wrongly.
.SH FILES
Data is kept in /var/lib/mailtrace for root, else in ~/.local/share/mailtrace.
Settings are in mailtrace.toml there, or in /etc/mailtrace.toml.
"""
#: The lines and corners of the boxes in which a terminal shows groups of options.
_BOX = str.maketrans("", "", "│╭╮╰╯─")


def man_page(commands: Mapping[str, str], help_of: Callable[[str], str]) -> str:
    """The page for these commands (with a sentence each); `help_of` gives the help of one as a terminal shows it."""
    parts = [_BEGIN]
    for name in commands:
        lines = "\n".join(_plain(help_of(name)))
        parts.append(f".SS {name}\n.nf\n{lines}\n.fi\n")
    return "".join((*parts, _END))


def _plain(text: str) -> Iterator[str]:
    """The lines of a help without its boxes, as roff takes them."""
    for line in text.splitlines():
        if line.startswith("```") or not line.strip("╰╯─ "):
            if not line.startswith(("```", "╰")):
                yield ""
            continue
        told = line.translate(_BOX).rstrip().replace("\\", "\\e").replace("-", "\\-")
        # What begins with a dot or a quotation mark would be a request.
        yield f"\\&{told}" if told.startswith((".", "'")) else told
