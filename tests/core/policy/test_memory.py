"""Owns how much last_good remembers, and for how long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from switchgear.core.policy.memory import AGE_S_MAX, ENTRIES_MAX, Memory
from switchgear.testing import FakeClock


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    """What was stored again counts as new."""
    memory = Memory[str](entries_max=2)
    for key in ("a", "b", "a", "c"):
        memory.store(key, key.upper(), 1.0)
    assert len(memory) == 2
    assert (memory.find("a"), memory.find("b")) == (("A", 1.0), None)


def test_without_numbers_it_holds_1024_values_for_a_day() -> None:
    """Of one more the oldest is gone, and so are all when a day and a second have passed."""
    memory = Memory[int]()
    for number in range(ENTRIES_MAX + 1):
        memory.store(number, number, 0.0)
    assert (ENTRIES_MAX, len(memory), memory.find(0)) == (1024, 1024, None)
    assert memory.find(1, AGE_S_MAX) == (1, 0.0)
    assert memory.find(1, AGE_S_MAX + 1) is None
    assert (AGE_S_MAX, len(memory)) == (86_400, 0)


def test_what_is_too_old_goes_when_something_is_stored() -> None:
    """At the bound it stays; past it each older one goes, also such as nobody asks for."""
    memory = Memory[str](age_s_max=60)
    for at_s, key in ((0.0, "a"), (10.0, "b"), (60.0, "c")):
        memory.store(key, key, at_s)
    assert len(memory) == 3
    memory.store("d", "d", 70.5)
    assert [memory.find(key) is not None for key in "abcd"] == [False, False, True, True]


def test_a_value_stored_again_is_as_old_as_its_newest() -> None:
    """Neither its first instant nor its place in the line stays."""
    memory = Memory[str](age_s_max=60)
    memory.store("a", "old", 0.0)
    memory.store("b", "b", 30.0)
    memory.store("a", "new", 50.0)
    assert memory.find("a", 100.0) == ("new", 50.0)
    assert memory.find("b", 100.0) is None


class Lingering:
    """A value whose end stores another one."""

    def __init__(self, memory: Memory[object]) -> None:
        self._memory = memory

    def __del__(self) -> None:
        self._memory.store("left behind", "value", 100.0)


def test_a_value_may_store_another_when_it_goes() -> None:
    """The end of a forgotten value is foreign code in the same thread: nothing locks up, nothing is lost."""
    memory = Memory[object](age_s_max=10)
    memory.store("a", Lingering(memory), 0.0)
    assert memory.find("b", 100.0) is None
    assert memory.find("left behind") == ("value", 100.0)
    assert len(memory) == 1


def test_a_child_of_a_fork_is_not_held_up_by_the_parents_threads() -> None:
    """Another thread of the parent held the lock, and another asked a source: in the child there is neither."""
    memory, clock = Memory[str](), FakeClock(autojump=False)

    def in_the_child() -> list[object]:
        memory.forked()  # what the registry calls there
        memory.store("a", "A", 1.0)
        return [memory.find("a"), memory.flights.join("key", lambda: "asked anew", clock).value]

    def while_asking() -> list[object]:
        with memory._lock:
            child = pool.submit(in_the_child)
            return child.result(timeout=20)

    with ThreadPoolExecutor(1) as pool:
        found = memory.flights.join("key", while_asking, clock).value
    assert found == [("A", 1.0), "asked anew"]
