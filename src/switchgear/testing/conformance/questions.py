"""Owns which questions there are, in the order of the report, and where each comes from."""

from __future__ import annotations

from switchgear.testing.conformance.basics import (
    closing_forgets,
    date_step,
    failed_probe_reopens,
    good_probe_closes,
    own_outcome,
    side_by_side,
    state_is_current,
    stays_open,
    trips,
)
from switchgear.testing.conformance.check import Question
from switchgear.testing.conformance.late import (
    late_failure_open,
    late_success_open,
    stale_failure_closed,
    stale_failure_half_open,
    stale_place,
    stale_success_half_open,
)
from switchgear.testing.conformance.manners import (
    cancellations_closed,
    excluded_closed,
    fresh_refusal,
    inner_refusal,
    listener_error,
    listener_lock,
    listener_order,
    nested,
    no_frames_kept,
)
from switchgear.testing.conformance.probes import (
    cancelled_probe,
    cancelled_probe_place,
    excluded_probe,
    excluded_probe_place,
    hung_probe,
    hung_probe_verdict,
    nobody_queues,
    one_probe,
)

_EXCLUDED, _ON_MOVE = ("excluded",), ("on_move",)

QUESTIONS = (
    # The ten probes, in the order of the survey.
    Question(trips, "probe 1"),
    Question(one_probe, "probe 2, pitfall 8"),
    Question(cancelled_probe, "probe 3, pitfall 5"),
    Question(hung_probe, "probe 4, pitfall 4"),
    Question(late_success_open, "probe 5, pitfall 10"),
    Question(stale_success_half_open, "probe 6, pitfall 1"),
    Question(stale_failure_half_open, "probe 7, pitfall 1"),
    Question(late_failure_open, "probe 8, pitfall 10"),
    Question(excluded_probe, "probe 9, pitfall 6", _EXCLUDED),
    Question(cancellations_closed, "probe 10, pitfall 5"),
    # What the probes take for granted.
    Question(stays_open, "basics"),
    Question(good_probe_closes, "basics"),
    Question(failed_probe_reopens, "pitfall 9"),
    Question(excluded_closed, "basics", _EXCLUDED),
    Question(own_outcome, "basics"),
    Question(side_by_side, "basics"),
    # Pitfalls that no probe asks for.
    Question(stale_failure_closed, "pitfall 1"),
    Question(cancelled_probe_place, "pitfall 2"),
    Question(excluded_probe_place, "pitfall 2", _EXCLUDED),
    Question(stale_place, "pitfall 3"),
    Question(hung_probe_verdict, "pitfall 4", threshold=1),
    Question(inner_refusal, "pitfall 7"),
    Question(nobody_queues, "pitfall 8"),
    Question(date_step, "pitfall 11"),
    Question(state_is_current, "pitfall 12"),
    Question(closing_forgets, "pitfall 13"),
    Question(listener_order, "pitfall 14", _ON_MOVE),
    Question(listener_error, "pitfalls 2 and 14", _ON_MOVE),
    Question(listener_lock, "pitfall 14", _ON_MOVE),
    Question(nested, "pitfall 15"),
    Question(fresh_refusal, "pitfall 18"),
    Question(no_frames_kept, "pitfall 18"),
)
"""Every question once."""
