"""How much of the ileum is resected, and whether deficiency is therefore for life."""

from __future__ import annotations

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import procedure, resected_length


def resections(*lengths: tuple[float, str] | None):
    """One resection of the terminal ileum for each length, ``None`` without one."""
    return [
        procedure("307193005", **({"extension": [resected_length(*length)]} if length else {}))
        for length in lengths
    ]


@pytest.mark.parametrize(
    ("lengths", "resection", "for_life"),
    [
        pytest.param([(21, "cm")], "over-20-cm", True, id="a long one"),
        pytest.param([(201, "mm")], "over-20-cm", True, id="a long one in millimetres"),
        pytest.param([(20, "cm")], "up-to-20-cm", False, id="a short one"),
        pytest.param([None], "length-unknown", None, id="one without a length"),
        pytest.param([(15, "cm"), (25, "cm")], "over-20-cm", True, id="a short one and a long one"),
        pytest.param([(15, "cm"), None], "length-unknown", None, id="a short one and one without"),
        pytest.param([(12, "cm"), (80, "mm")], "up-to-20-cm", False, id="short ones, short together"),
        pytest.param([(15, "cm"), (10, "cm")], "length-unknown", None, id="short ones that may be long together"),
        pytest.param([], None, False, id="none"),
    ],
)  # fmt: skip
def test_of_several_resections(lengths, resection, for_life):
    facts = facts_of(*resections(*lengths))
    assert facts["ileum.resection"].value == resection
    assert facts["cause.lifelong"].holds is for_life
