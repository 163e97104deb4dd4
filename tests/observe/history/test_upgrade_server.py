"""Tests that a server's history of the second shape, whose words had to be looked up, is carried over whole."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switchgear.core.errors import SettingsError
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from tests.observe.history.kit import START_MS, record

if TYPE_CHECKING:
    from switchgear.observe.record import LogRecord
    from switchgear.testing import FakeClock
    from tests.order.postgres import Postgres

AS_IT_WAS = """
create table word_before (id bigint primary key, shape integer not null, words tsvector not null);
insert into word_before select id, shape, words from word;
drop table word;
alter table word_before rename to word;
create index word_by_words on word using gin (words) with (fastupdate = off);
update history_version set version_num = '0002';
"""


@pytest.fixture
def where(postgres: Postgres) -> str:
    """A schema with nothing in it."""
    return postgres.fresh()


def filled(where: str, clock: FakeClock, numbers: range) -> list[LogRecord]:
    """Records that a writer keeps, newest first; every second one speaks of a zebra."""
    records = [record(n, message=f"{'zebra' if n % 2 else 'horse'} {n}") for n in numbers]
    with closing(HistoryWriter(where, clock)) as writer:
        writer.write(records)
        assert writer.flush(30.0)
    return records[::-1]


def test_words_are_found_after_the_upgrade(
    where: str, postgres: Postgres, clock: FakeClock
) -> None:
    """By word, run and time as before, old records and new ones; what goes takes its words along, and grants stay."""
    old = filled(where, clock, range(1, 101))
    for one in AS_IT_WAS.strip().split(";\n"):
        postgres.ask(where, one)
    postgres.ask(where, "grant select on word to public")
    with pytest.raises(SettingsError, match="has the shape of an older version"):
        HistoryReader(where)
    new = filled(where, clock, range(101, 201))
    granted = "select relacl::text from pg_class where oid = 'word'::regclass"
    assert "=r/postgres" in str(postgres.ask(where, granted)[0][0]).strip("{}").split(",")
    reader = HistoryReader(where)
    messages = [one.message for one in (*new, *old) if "zebra" in one.message]
    found = reader.query(LogQuery(text="zebra", limit=1_000))
    assert [one.message for one in found] == messages
    assert len(reader.query(LogQuery(text="zebra", run=1, limit=1_000))) == 50
    later = LogQuery(text="zebra", since_ms=old[9].at_ms, limit=1_000)
    assert reader.count(later) == sum(one.at_ms >= old[9].at_ms for one in (*new, *old)) // 2
    assert old[9].at_ms > START_MS
    assert reader.check() == []
    reader.clear(LogQuery(run=1), 100)
    assert (reader.count(LogQuery(text="zebra")), reader.check()) == (50, [])
    reader.close()
