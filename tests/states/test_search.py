"""The search through states finds what a look at every state finds, and says where it left something out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.states.search import (
    Impossible,
    Search,
    Undecided,
    all_hold,
    any_holds,
    does_not_hold,
)

INPUTS = ("a", "b", "c")
VALUES = (0, 1, 2)


class Inputs(dict):
    """A state of three inputs, of which some are chosen."""

    def __missing__(self, key):
        raise Undecided(key, VALUES)

    def with_choice(self, key, option):
        return Inputs({**self, key: option})


def equal(key, value):
    return lambda state: state[key] == value


leaves = st.builds(equal, st.sampled_from(INPUTS), st.sampled_from(VALUES))
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(all_hold),
        st.lists(inner, max_size=3).map(any_holds),
        inner.map(does_not_hold),
    ),
    max_leaves=8,
)


@given(st.lists(conditions, max_size=4))
def test_the_search_finds_what_a_look_at_every_state_finds(checks):
    every = [Inputs(zip(INPUTS, values, strict=True)) for values in product(VALUES, repeat=3)]
    expected = [state for state in every if all(check(state) for check in checks)]
    found = list(Search().states(Inputs(), checks))
    # A state of which not every input matters stands for several.
    agreeing = [[state for state in every if partial.items() <= state.items()] for partial in found]
    assert sorted(sorted(state.items()) for states in agreeing for state in states) == sorted(
        sorted(state.items()) for state in expected
    )


def test_what_fails_is_not_followed():
    search = Search()
    assert list(search.states(Inputs(), [equal("a", 1), equal("b", 2), equal("c", 0)])) == [
        {"a": 1, "b": 2, "c": 0}
    ]
    assert search.tried == 1 + 3 + 3 + 3
    assert search.whole


@pytest.mark.parametrize(("most", "whole"), [(3, False), (10, True)])
def test_a_search_that_ends_early_says_so(most, whole):
    search = Search(most)
    found = list(search.states(Inputs(), [equal("a", 1), equal("b", 2), equal("c", 0)]))
    assert (bool(found), search.whole) == (whole, whole)


def test_a_state_that_cannot_be_is_none():
    def impossible(state):
        if state["a"] == 1:
            raise Impossible("a")
        return True

    assert list(Search().states(Inputs(), [impossible])) == [{"a": 0}, {"a": 2}]
