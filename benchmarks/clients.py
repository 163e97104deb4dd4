"""
What a call of an exchange client costs on loopback, beside a bare aiohttp session with the same bytes and decoding.

Owns the command that `make bench` runs for the clients; the work is done by its neighbours, which it makes findable.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.client_report import main

    sys.exit(main())
