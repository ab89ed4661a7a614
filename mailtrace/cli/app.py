"""The commands, put together. What a command needs is loaded when it is run: most of what there is, most commands never use."""

from __future__ import annotations

from collections.abc import Sequence

from cyclopts import App, Parameter

#: Every command, in the order of the documentation, with the sentence that the overview has of it: the first of its own help.
COMMANDS = {
    "ingest": "Read logs into the store.",
    "run": "Follow the logs, and serve the page and the query API: the one-machine product.",
    "serve": "Serve the page and the query API, and read no log.",
    "search": "Find traces, newest first.",
    "report": "Show the Email Report on one trace.",
    "top": "Count traces by a field, most first.",
    "histogram": "Count traces over time.",
    "differs": "Show what a search has more of than all other mail, the most telling first.",
    "errors": "List the most common errors, or explain one.",
    "languages": "List the languages of the pages and of the sentences for customers, or what one of them lacks.",
    "formats": "List the programs whose logs are read, with their releases and a line of each.",
    "token": "Make, list and revoke the access tokens of the page and the API.",
    "audit": "Check the audit log: `verify` says whether entries were changed, taken out, put in, or cut off at the end, and where.",
    "retention": "Delete what is older, or more, than is kept.",
    "copy": "Copy the store, also while it is written.",
    "deadletters": "Show what could not be dealt with, or try again.",
    "doctor": "Check that everything is in order.",
    "demo": "Try it on a bundled real log.",
    "completion": "Write what a shell needs to complete commands, options and their words.",
}
#: With one of these something is shown, and nothing run.
_SHOWS = {"--help", "-h", "--version"}


def command_line(tokens: Sequence[str]) -> App:
    """The commands, of which the one that `tokens` ask for is loaded."""
    app = App(
        name="mailtrace",
        help="What happened to that e-mail? Reads the logs of mail servers and filters, and answers by message and recipient.",
        version=_version,
        version_flags=["--version"],
        help_format="markdown",
        version_format="plaintext",
        # Errors are shown, and turned into exit codes, in one place: `mailtrace.cli.main`.
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
        # `--no-count` would be an option that says nothing.
        default_parameter=Parameter(negative=()),
    )
    for name, sentence in COMMANDS.items():
        app.command(f"mailtrace.cli.{name}:{name}", help=sentence)
    named = [name for name in app.parse_commands(word for word in tokens if word not in _SHOWS)[0] if name in COMMANDS]
    for name in named:
        # Its own help is longer than its sentence in the overview.
        app[name].help = None
    if not named or not _SHOWS.isdisjoint(tokens):
        from mailtrace.show.console import PipeConsole  # noqa: PLC0415 - who runs a command sees none of this

        app.console = PipeConsole(highlight=False)
    return app


def _version() -> str:
    """What is installed."""
    from importlib.metadata import version  # noqa: PLC0415 - it takes longer to load than all of this

    return f"mailtrace {version('mail-trace')}"
