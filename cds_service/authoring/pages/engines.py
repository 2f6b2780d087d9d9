"""The engines whose cards the pages are about: one for each parameter set, the usual one first."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import PARAMETER_SETS, Engine
from ..safety.job import engine

Engines = Mapping[str, Engine]


def documented_engines() -> Engines:
    """Those of the documentation: the cards of the environment, with every product
    on the formulary."""
    return {name: engine(name, "all") for name in PARAMETER_SETS}


def engines_beside(served: Engine) -> Engines:
    """The engine that is ``served``, and its cards, codes and formulary in the
    other parameter sets."""
    own = served.settings.parameters
    others = {
        name: Engine(served.settings.model_copy(update={"parameters": name}))
        for name in PARAMETER_SETS
        if name != own
    }
    return {own: served, **others}
