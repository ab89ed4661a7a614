"""`make truth`: hold the answers about the captures, in each of their log forms, against what really happened."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from captures import FORMS

from truth.check import check


def main() -> int:
    """Print how each form does; 0 where all are perfect, else 1."""
    perfect = True
    for form in FORMS:
        with TemporaryDirectory() as folder:
            verdict = check(form, Path(folder))
        print(verdict, flush=True)
        perfect &= verdict.perfect
    print("Everything that the lines tell is right." if perfect else "There are disagreements.")
    return 0 if perfect else 1


if __name__ == "__main__":
    sys.exit(main())
