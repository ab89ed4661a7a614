"""What pyproject.toml cannot say: the hot modules, where they are compiled. Packages and all the rest stand there."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup  # type: ignore[import-untyped]

from building.compiling import compiling
from building.hot import hot_modules

extensions = []
# Metadata is asked for first, for which nothing needs to be compiled.
if compiling() and "bdist_wheel" in sys.argv:
    from mypyc.build import mypycify

    # Debug information would be most of the size.
    extensions = mypycify(hot_modules(Path(__file__).resolve().parent), group_name="mailtrace", opt_level="2", debug_level="0")
    for extension in extensions:
        # mypyc indents by hundreds of columns, which gcc would look at for longer than it compiles.
        extension.extra_compile_args.append("-Wno-misleading-indentation")

setup(ext_modules=extensions)
