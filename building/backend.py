"""The build backend: setuptools', which asks for mypy as well where the hot modules are to be compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from setuptools import build_meta  # type: ignore[import-untyped]
from setuptools.build_meta import (  # type: ignore[import-untyped]
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

from building.compiling import VARIABLE, compiling, refuse_where_nothing_compiles

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

_PINNED = re.compile(r"^[A-Za-z0-9._-]+==\S+", re.MULTILINE)
_LOCK = Path(__file__).parent.parent / "requirements" / "compile.txt"
_Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: _Settings = None) -> list[str]:
    """What is needed beside setuptools: to compile, what the lock file names."""
    needed: list[str] = build_meta.get_requires_for_build_wheel(config_settings)
    return [*needed, *(_PINNED.findall(_LOCK.read_text(encoding="utf-8")) if compiling() else [])]


def build_wheel(wheel_directory: str, config_settings: _Settings = None, metadata_directory: str | None = None) -> str:
    """A wheel; before hot modules are compiled it is looked whether they can be."""
    if compiling():
        refuse_where_nothing_compiles()
    made: str = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    return made


def build_editable(wheel_directory: str, config_settings: _Settings = None, metadata_directory: str | None = None) -> str:
    """A link to the checkout, whose source is read as it is."""
    if compiling():
        raise SystemExit(f"{VARIABLE}: an editable installation reads the source as it is; leave out --editable or the variable")
    made: str = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    return made
