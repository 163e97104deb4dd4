"""Owns the log kept: a writer that nobody waits for, a reader for people, exports.

The file itself is the store's.
"""

from switchgear.observe.history.export import as_dict, to_csv, to_jsonl
from switchgear.observe.history.keeping import Keeping
from switchgear.observe.history.reader import CountChanged, HistoryReader
from switchgear.observe.history.snapshot import metrics_as_dict, snapshot_of
from switchgear.observe.history.writer import HistoryWriter
from switchgear.observe.query import LogQuery, matches
from switchgear.observe.store import CircuitSnapshot, Run, StoreError

__all__ = [
    "CircuitSnapshot",
    "CountChanged",
    "HistoryReader",
    "HistoryWriter",
    "Keeping",
    "LogQuery",
    "Run",
    "StoreError",
    "as_dict",
    "matches",
    "metrics_as_dict",
    "snapshot_of",
    "to_csv",
    "to_jsonl",
]
