"""Answers of the service to the scenarios, each asked once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Call
from tests.spec.scenarios import ANSWERS

Answers = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def answers(call: Call) -> Answers:
    """The cards of every scenario by its name."""
    return {name: call(request) for name, request in ANSWERS.items()}


@pytest.fixture(scope="session")
def cards(answers: Answers) -> list[dict[str, Any]]:
    """Every card of every scenario."""
    return [card for found in answers.values() for card in found]
