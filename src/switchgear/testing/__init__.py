"""Owns the names that tests of users need, each loaded when it is first used: pytest loads this in every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.lazy import lazy

if TYPE_CHECKING:
    from switchgear.testing.circuits import Refusal as Refusal
    from switchgear.testing.circuits import assert_circuit as assert_circuit
    from switchgear.testing.circuits import assert_closed as assert_closed
    from switchgear.testing.circuits import assert_gate as assert_gate
    from switchgear.testing.circuits import assert_half_open as assert_half_open
    from switchgear.testing.circuits import assert_open as assert_open
    from switchgear.testing.circuits import assert_rejected as assert_rejected
    from switchgear.testing.clock import FakeClock as FakeClock
    from switchgear.testing.faults import FaultCall as FaultCall
    from switchgear.testing.faults import Faults as Faults
    from switchgear.testing.recorder import Recorder as Recorder
    from switchgear.testing.waiting import NoWaiting as NoWaiting
    from switchgear.testing.waiting import no_waiting as no_waiting

__getattr__, __dir__ = lazy(
    __name__,
    {
        "circuits": "Refusal assert_circuit assert_closed assert_gate assert_half_open assert_open assert_rejected",
        "clock": "FakeClock",
        "faults": "FaultCall Faults",
        "recorder": "Recorder",
        "waiting": "NoWaiting no_waiting",
    },
)
