"""The commands, put together."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App, Parameter

from mailtrace.cli.audit import audit
from mailtrace.cli.copy import copy
from mailtrace.cli.deadletters import deadletters
from mailtrace.cli.demo import demo
from mailtrace.cli.doctor import doctor
from mailtrace.cli.errors import errors
from mailtrace.cli.formats import formats
from mailtrace.cli.ingest import ingest
from mailtrace.cli.report import report
from mailtrace.cli.retention import retention
from mailtrace.cli.run import run
from mailtrace.cli.search import search
from mailtrace.cli.serve import serve
from mailtrace.cli.token import token
from mailtrace.show.screen import PipeConsole

app = App(
    name="mailtrace",
    help="What happened to that e-mail? Reads the logs of mail servers and filters, and answers by message and recipient.",
    version=lambda: f"mailtrace {version('mail-trace')}",
    version_flags=["--version"],
    console=PipeConsole(highlight=False),
    help_format="markdown",
    # Errors are shown, and turned into exit codes, in one place: `mailtrace.cli.main`.
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
    # `--no-count` would be an option that says nothing.
    default_parameter=Parameter(negative=()),
)
#: Every command, in the order of the documentation.
COMMANDS = (ingest, run, serve, search, report, errors, formats, token, audit, retention, copy, deadletters, doctor, demo)
for command in COMMANDS:
    app.command(command)
