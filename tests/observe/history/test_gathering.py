"""Tests that after a large batch the writer waits for more, and for what it does not wait."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history import writer as writing
from tests.observe.history.kit import records

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.observe.record import LogRecord
    from switchgear.observe.store import CircuitSnapshot
    from switchgear.testing import FakeClock

DAY_S = 86_400.0


class Told(HistoryWriter):
    """A writer that tells how many records each of its transactions had."""

    def _put(self, batch: list[LogRecord], circuits: list[CircuitSnapshot]) -> None:
        super()._put(batch, circuits)
        if batch:
            self.sizes.append(len(batch))

    sizes: list[int]


@pytest.fixture
def patient(where: Path | str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Told:
    """A writer that has just written a batch that counts as large, and waits a day for the next to be full."""
    monkeypatch.setattr(writing, "GATHER_S", DAY_S)
    monkeypatch.setattr(writing, "GATHER_FROM", 10)
    monkeypatch.setattr(writing, "BATCH_MAX", 20)
    writer = Told(where, clock)
    writer.sizes = []
    writer.write(records(1, 10))
    assert writer.flush()
    return writer


def test_a_full_batch_is_written(patient: Told) -> None:
    """What comes in small parts is one transaction, once it is full; nobody has to flush."""
    with closing(patient):
        for n in range(11, 31):
            patient.write(records(n, n))
        with patient._changed:
            assert patient._changed.wait_for(lambda: patient.written == 30, 10.0)
        assert patient.sizes == [10, 20]


def test_a_flush_is_not_waited_for(patient: Told) -> None:
    """And a small batch is followed by the next one at once."""
    with closing(patient):
        patient.write(records(11, 12))
        assert patient.flush()
        patient.write(records(13, 13))
        with patient._changed:
            assert patient._changed.wait_for(lambda: patient.written == 13, 10.0)
        assert patient.sizes == [10, 2, 1]


def test_a_flush_of_several_batches_waits_for_none(patient: Told) -> None:
    """Somebody waits until all of it is kept, also what is behind a full batch."""
    with closing(patient):
        patient.write(records(11, 57))
        assert patient.flush(10.0)
        assert (patient.written, patient.sizes) == (57, [10, 20, 20, 7])


def test_the_end_is_not_waited_for(patient: Told, where: Path | str, clock: FakeClock) -> None:
    """A program that ends keeps what was being gathered."""
    patient.write(records(11, 13))
    patient.close()
    assert HistoryReader(where, clock).count(LogQuery()) == 13
    assert patient.sizes == [10, 3]
