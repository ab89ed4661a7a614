"""Where it is kept who may ask the service, and what was asked."""

from __future__ import annotations

from pathlib import Path

from mailtrace.settings import Settings
from search.http.tokens import Tokens


def access_folder(settings: Settings) -> Path:
    """Where tokens, the key of sessions and the audit log are."""
    return settings.data_dir / "access"


def tokens(settings: Settings) -> Tokens:
    """The access tokens."""
    return Tokens(access_folder(settings) / "tokens.json")
