"""Owns what tests of users need: a clock to play with, a recorder of events, and a pytest plugin."""

from switchgear.testing.clock import FakeClock
from switchgear.testing.recorder import Recorder

__all__ = ["FakeClock", "Recorder"]
