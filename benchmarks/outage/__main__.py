"""
What an outage does to a venue and to its callers, unprotected, retrying, and protected: a simulation in virtual time.

Owns the command; the work is done by its neighbours, which it makes findable.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)
    from benchmarks.outage.command import main

    sys.exit(main())
