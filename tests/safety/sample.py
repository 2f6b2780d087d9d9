"""A sample of the states that the proof visits, for a suite of tests that has to be quick; ``python -m cds_service safety`` visits all.

The first choices of a walk are made in every combination, so that a small walk is made wholly; of each later one a single option is
tried, another one after other choices. Each state of the sample is one that the whole walk visits, so that what is found here is found
there.
"""

import pytest

from cds_service.states import walk

WHOLE = 9
"""So many choices are made in every combination: with eight, one of the mistakes of ``test_planted_mistakes`` is not found."""


class Sample(walk.Choices):
    """The choices of a walk that is made in part."""

    def __init__(self):
        super().__init__()
        self._later = 0

    def choose(self, options):
        if options == 1 or self._position < WHOLE:
            return super().choose(options)
        self._later += 1
        return hash((*self._path, self._later)) % options

    def next_run(self):
        self._later = 0
        return super().next_run()


@pytest.fixture
def sampled(monkeypatch):
    """The proof visits a sample."""
    monkeypatch.setattr(walk, "Choices", Sample)
