"""No caller takes what others need: calls, turns, places, bytes in flight, lines of the log."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import TooManyRequests

from cds_service.hooks.caller import party_of
from cds_service.hooks.in_flight import InFlight
from cds_service.hooks.limits import BURST_SECONDS, MOST_PARTIES, CallLimit
from cds_service.hooks.places import Places, TooMany
from cds_service.hooks.turn import SMALL_BYTES, LoopTurn, Turn
from cds_service.log_lines import AT_ONCE, LONGEST, WINDOW_SECONDS, Bounded, Sparing


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _spent(limit: CallLimit, party: str, calls: int) -> int:
    """How many of so many calls are answered."""
    answered = 0
    for _ in range(calls):
        try:
            limit.spend(party)
            answered += 1
        except TooManyRequests as refusal:
            assert refusal.retry_after >= 1
    return answered


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(0, 300), st.floats(0, 30)), max_size=12))
def test_a_party_has_its_rate_and_a_burst(rate, bursts):
    clock = Clock()
    limit = CallLimit(rate, clock)
    answered = 0
    for calls, pause in bursts:
        answered += _spent(limit, "a", calls)
        assert answered <= rate * (BURST_SECONDS + clock.now) + 1
        clock.now += pause


def test_one_party_spends_nothing_of_another():
    limit = CallLimit(5, Clock())
    assert _spent(limit, "a", 1000) == 5 * BURST_SECONDS
    assert _spent(limit, "b", 10) == 10


def test_after_a_while_calls_are_answered_again():
    clock = Clock()
    limit = CallLimit(2, clock)
    _spent(limit, "a", 1000)
    clock.now += 1
    assert _spent(limit, "a", 1000) == 2


def test_no_limit_is_no_limit_and_many_parties_take_little_memory():
    assert _spent(CallLimit(0), "a", 1000) == 1000
    limit = CallLimit(1, Clock())
    for party in range(MOST_PARTIES + 500):
        limit.spend(str(party))
    assert len(limit._left) == MOST_PARTIES


def test_all_addresses_of_a_machine_are_one_party():
    assert party_of("192.0.2.7") == "192.0.2.7" == party_of("::ffff:192.0.2.7")
    assert (
        party_of("2001:db8:1:2::1")
        == party_of("[2001:db8:1:2:ffff::9]")
        != party_of("2001:db8:1:3::1")
    )
    assert len(party_of("x" * 1000)) <= 64


def test_turns_go_round_the_callers():
    """One that comes with ten calls before another comes with one: the other's is the second from then."""
    turn, order, started = Turn(), [], threading.Event()

    def call(party: str) -> None:
        with turn.of(party, 1):
            order.append(party)

    threads = []
    with turn.of("first", 1):
        for party in ["many"] * 10 + ["other"]:
            threads.append(threading.Thread(target=call, args=(party,)))
            threads[-1].start()
            while len(turn._small._waiting) < (2 if party == "other" else 1) or sum(
                map(len, turn._small._waiting.values())
            ) < len(threads):
                time.sleep(0.001)
        started.set()
    for thread in threads:
        thread.join()
    assert order.index("other") == 1
    assert order.count("many") == 10


def test_a_small_call_does_not_wait_for_a_large_one():
    turn = Turn()
    with turn.of("a", SMALL_BYTES + 1):
        thread = threading.Thread(target=lambda: turn.of("a", SMALL_BYTES).__enter__())
        thread.start()
        thread.join(10)
        assert not thread.is_alive()


def test_a_turn_that_is_given_up_is_another_call_s():
    turn, done = Turn(), threading.Event()

    def other() -> None:
        with turn.of("b", 1):
            done.set()

    with turn.of("a", 1):
        thread = threading.Thread(target=other)
        thread.start()
        with turn.given_up():
            assert done.wait(10)
    thread.join()


def test_turns_on_the_event_loop_go_round_the_parties_and_leave_it_time_between():
    """One party that comes with many calls delays another's by one of them, and what else the loop has to do by one too."""
    seen = []

    async def scenario():
        turn = LoopTurn()

        async def call(party):
            await turn.of(party)
            seen.append(party)

        async def something_else():
            while seen.count("crowd") < 6:  # however long the loop is left to it
                seen.append("-")
                await asyncio.sleep(0)

        many = [call("crowd") for _ in range(6)]
        await asyncio.gather(*many, call("one"), something_else())
        await call("later")

    asyncio.run(scenario())
    computed = [party for party in seen if party != "-"]
    assert computed == ["crowd", "crowd", "one", *["crowd"] * 4, "later"]
    pairs = list(itertools.pairwise(seen))
    assert ("crowd", "crowd") not in pairs, "the loop did nothing between two calls"


def test_bytes_in_flight_have_a_bound_and_one_party_a_smaller_one():
    async def scenario() -> None:
        in_flight = InFlight(100, 60)
        async with in_flight.room("a", 60):
            waiting = asyncio.create_task(_held(in_flight, "a", 1))
            async with in_flight.room("b", 40):
                third = asyncio.create_task(_held(in_flight, "c", 1))
                await asyncio.sleep(0)
                assert not waiting.done() and not third.done()
            await asyncio.wait_for(third, 10)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 10)
        async with in_flight.room("a", 10**9):
            pass  # larger than all that there is: it has all of it
        assert not in_flight._taken

    asyncio.run(scenario())


async def _held(in_flight: InFlight, party: str, size: int) -> None:
    async with in_flight.room(party, size):
        pass


def test_a_body_that_is_no_longer_awaited_leaves_its_room():
    async def scenario() -> None:
        in_flight = InFlight(10, 10)
        async with in_flight.room("a", 10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await _held(in_flight, "b", 5)
        await asyncio.wait_for(_held(in_flight, "b", 10), 10)

    asyncio.run(scenario())


def test_places_of_a_party_are_few_and_those_who_wait_too():
    async def scenario() -> None:
        places = Places(at_once=2, most_waiting=1)
        async with places.place("a"), places.place("a"):
            waiting = asyncio.create_task(_placed(places, "a"))
            await asyncio.sleep(0)
            with pytest.raises(TooMany):
                await _placed(places, "a")
            await asyncio.wait_for(_placed(places, "b"), 10)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 10)
        assert not places._places

    asyncio.run(scenario())


async def _placed(places: Places, party: str) -> None:
    async with places.place(party):
        pass


def _record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("cds_service", logging.INFO, "file", 1, message, values, None)


@given(st.text())
def test_a_line_is_one_line_and_short(text):
    shown = Bounded().format(_record("%s", text * 50))
    assert "\n" not in shown and "\r" not in shown
    assert len(shown) < LONGEST + 100


def test_lines_of_one_kind_are_few_and_the_next_one_tells_how_many_were_left_out():
    clock = Clock()
    sparing = Sparing(clock)
    shown = [sparing.filter(_record("refused %d: %s", 401, number)) for number in range(1000)]
    assert sum(shown) == AT_ONCE
    assert sparing.filter(_record("refused %d: %s", 500, 1))
    clock.now += WINDOW_SECONDS
    last = _record("refused %d: %s", 401, 1)
    assert sparing.filter(last)
    assert last.getMessage().endswith(f"({1000 - AT_ONCE} more such lines were left out before it)")
