"""`mailtrace completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

from typing import Literal

from mailtrace.cli.app import command_line


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Write what a shell needs to complete commands, options and their words.

    For bash it goes into `~/.local/share/bash-completion/completions/mailtrace`, for zsh into a file `_mailtrace` of a folder in `$fpath`,
    for fish into `~/.config/fish/completions/mailtrace.fish`.

    Parameters
    ----------
    shell
        Which shell.
    """
    print(command_line(["--help"]).generate_completion(shell=shell))
