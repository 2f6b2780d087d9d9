"""The set of numbers that a result stands for: a point, or a half-line if the result has a
comparator."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple


class Cut(NamedTuple):
    """A boundary between two neighbouring classes. ``inclusive``: the value itself belongs
    to the class above."""

    value: Decimal
    inclusive: bool


class Interval(NamedTuple):
    """The numbers from ``low`` to ``high``. ``None`` is unbounded; an end that is not marked open
    belongs to the set."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def of(cls, value: Decimal, comparator: str | None) -> Interval:
        """The interval of a FHIR Quantity. Raises ``ValueError`` for a comparator other than
        ``< <= >= >``."""
        if comparator is None:
            return cls(value, value)
        if comparator in ("<", "<="):
            return cls(None, value, high_open=comparator == "<")
        if comparator in (">", ">="):
            return cls(value, None, low_open=comparator == ">")
        raise ValueError("no such comparator")

    def scaled(self, factor: Decimal) -> Interval:
        """The interval in another unit; ``factor`` is positive."""
        if factor == 1:
            return self
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Interval(low, high, self.low_open, self.high_open)

    def classes(self, cuts: Sequence[Cut]) -> tuple[int, int]:
        """The lowest and highest of the classes between ascending ``cuts``, counted from 0, that
        values of the interval reach."""
        lowest = highest = 0
        for cut in cuts:
            if self.low is not None:
                lowest += self.low > cut.value or (
                    self.low == cut.value and (cut.inclusive or self.low_open)
                )
            if self.high is None:
                highest += 1
            else:
                highest += self.high > cut.value or (
                    self.high == cut.value and cut.inclusive and not self.high_open
                )
        return lowest, highest

    def below(self, limit: Decimal) -> bool | None:
        """Whether the value is below ``limit``: true, false, or ``None`` where the
        interval spans it."""
        lowest, highest = self.classes((Cut(limit, True),))
        return None if lowest != highest else lowest == 0

    def above(self, limit: Decimal) -> bool | None:
        """Whether the value is above ``limit``; ``None`` where the interval spans it."""
        lowest, highest = self.classes((Cut(limit, False),))
        return None if lowest != highest else lowest == 1

    @property
    def point(self) -> Decimal | None:
        """The value, if it is one number."""
        return self.low if self.low == self.high else None
