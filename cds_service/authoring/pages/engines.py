"""The engines for the pages: one for each parameter set, the main one first."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import PARAMETER_SETS, Engine
from ..safety.job import engine

Engines = Mapping[str, Engine]


def documented_engines() -> Engines:
    """Return the engines of the documentation: the cards of the environment, with every product on
    the formulary."""
    return {name: engine(name, "all") for name in PARAMETER_SETS}


def engines_beside(served: Engine) -> Engines:
    """Return the ``served`` engine, and engines with its cards, codes and formulary in the other
    parameter sets."""
    own = served.settings.parameters
    others = {
        name: Engine(served.settings.model_copy(update={"parameters": name}))
        for name in PARAMETER_SETS
        if name != own
    }
    return {own: served, **others}
