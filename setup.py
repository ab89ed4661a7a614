"""What pyproject.toml cannot say: the hot modules, where they are compiled. Packages and all the rest stand there."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
from building.compiling import compiling  # noqa: E402
from building.hot import hot_modules  # noqa: E402

# Metadata is asked for first, for which nothing needs to be compiled.
if compiling() and "bdist_wheel" in sys.argv:
    from mypyc.build import mypycify

    extensions = mypycify(hot_modules(ROOT), group_name="mailtrace", opt_level="1", multi_file=False)
else:
    extensions = []

setup(ext_modules=extensions)
