"""Loss of power at 200 moments: `python -m soak.power` (with `tests` on the path); the tests try a few."""

from __future__ import annotations

import sys

from power.loss import main

if __name__ == "__main__":
    sys.exit(main())
