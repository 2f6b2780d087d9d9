"""The laboratory results that show vitamin B12 status, with their classes."""

from __future__ import annotations

from .catalogue import define
from .domains import ABSENT, UNKNOWN, one_of, result_of, results_of
from .results import define_result, level_of

LEVELS = ("deficient", "indeterminate", "sufficient")

define_result(
    "b12.total",
    "total vitamin B12",
    "The newest usable total B12 within its window, in ng/L or pmol/L as reported.",
    domain=results_of("b12.total", *zip(("110", "250", "480"), LEVELS, strict=True), days=(5,)),
)

define(
    "b12.total.level",
    "total B12 level",
    level_of("b12.total"),
    """Deficient below {b12.total.deficient_below}, indeterminate up to
    {b12.total.sufficient_above}, else sufficient; in the unit reported.""",
    kind="category",
    values=LEVELS,
)

define_result(
    "b12.active",
    "active B12 (holotranscobalamin)",
    "The newest usable active B12 within its window.",
    # One result is later than the total, one earlier.
    domain=results_of("b12.active", *zip(("20", "50", "90"), LEVELS, strict=True), days=(3, 10)),
)

define(
    "b12.active.level",
    "active B12 level",
    level_of("b12.active"),
    (
        "Deficient below {b12.active.deficient_below}, indeterminate up to "
        "{b12.active.sufficient_above}, else sufficient."
    ),
    kind="category",
    values=LEVELS,
)

define_result(
    "mma",
    "methylmalonic acid",
    "The newest usable methylmalonic acid in serum or plasma within its window.",
    domain=results_of("mma", ("200", "normal"), ("900", "high")),
)

define(
    "mma.level",
    "methylmalonic acid level",
    level_of("mma"),
    "High above {mma.high_above}, which differs by parameter set.",
    kind="category",
    values=("normal", "high"),
)

define_result(
    "homocysteine",
    "homocysteine",
    "The newest usable homocysteine within its window. It never classifies B12 status alone.",
    domain=one_of(
        ABSENT,
        UNKNOWN,
        *(
            result_of("homocysteine", value, level, label=value)
            for value, level in (("8", "normal"), ("10", "normal"), ("20", "high"))
        ),
    ),
)
