"""The command line: one console script, a module for each command."""

from __future__ import annotations

from mailtrace.cli.main import main

__all__ = ["main"]
