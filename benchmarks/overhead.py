"""
What a guarded call costs over the bare one, beside circuitbreaker and other libraries, in one process and one run.

Owns the command that `make bench` runs; the work is done by its neighbours, which it makes findable.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.report import main

    sys.exit(main())
