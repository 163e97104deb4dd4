"""Owns `python -m switchgear.cli`, for where the command itself is not on the path."""

from __future__ import annotations

from switchgear.cli import main

if __name__ == "__main__":
    main()
