"""Canonical URLs and versions of exported definitions.

A URL with a version identifies one content. The project's own files are those of the parameter set
``default``; the definitions of another set or of a site's folder differ, and their version says so
after the ``+`` (Semantic Versioning 2.0.0, item 10).
"""

from __future__ import annotations

from .. import __version__
from ..engine import Engine
from ..fhir.terminology import BASE
from ..rules.card import Card
from ..rules.shared_files import Package

PUBLISHER = "B12 and folate CDS"
# No exported definition has had a clinical validation, as the README says; whoever installs one
# must be able to see this in it.
MATURITY = {"status": "draft", "experimental": True}
LIBRARY_ID = "b12-folate-facts"
CRITERIA_ID = "b12-folate-criteria"
CRITERIA_NAME = "B12FolateCriteria"
PATIENT = {
    "coding": [
        {"system": "http://hl7.org/fhir/resource-types", "code": "Patient", "display": "Patient"}
    ]
}


def package_of_site(engine: Engine) -> Package | None:
    """Return the package that the last folder of local cards with a package names; ``None`` if no
    folder names one."""
    return next((folder.package for folder in reversed(engine.folders) if folder.package), None)


def base_of(engine: Engine) -> str:
    """Return the base of the canonical URLs of definitions made from the cards and parameters of
    ``engine``."""
    package = package_of_site(engine)
    return package.canonical if package else BASE


def edition(engine: Engine) -> tuple[str, ...]:
    """Return what sets the parameters apart from the set ``default``: the name of another set, and
    the owners of local parameters."""
    return tuple(part for part in engine.parameter_set.split("+") if part != "default")


def version_of(version: str, *editions: str) -> str:
    """Return ``version`` with the parts of its edition, each once: ``1.0.0+uk.st-elsewhere``."""
    number, _, owner = version.partition("+")
    parts = dict.fromkeys([*filter(None, [owner]), *editions])
    return f"{number}+{'.'.join(parts)}" if parts else number


def plan_canonical(card: Card, engine: Engine) -> str:
    """Return the canonical URL, with version, of a card's PlanDefinition."""
    return (
        f"{base_of(engine)}/PlanDefinition/{card.id}|{version_of(card.version, *edition(engine))}"
    )


def library_canonical(engine: Engine) -> str:
    """Return the canonical URL, with version, of the Library of facts and parameters."""
    return f"{base_of(engine)}/Library/{LIBRARY_ID}|{library_version(engine)}"


def library_version(engine: Engine) -> str:
    """Return the version of the Library: the software's, since facts are code, with the edition."""
    return version_of(__version__, *edition(engine))


def criteria_canonical(engine: Engine) -> str:
    """Return the canonical URL of the Library of criteria. It has no version: a site's change to
    one card changes the whole Library, and a version here would then change the definition of every
    other card. A package has only one version of the Library.

    The URL ends in the Library's name in CQL, by which CQL engines look for it.
    """
    return f"{base_of(engine)}/Library/{CRITERIA_NAME}"


def criteria_version(engine: Engine) -> str:
    """Return the version of the Library of criteria, which differs for each parameter set and each
    owner of local cards."""
    return version_of(
        __version__, *edition(engine), *(folder.owner for folder in engine.folders if folder.owner)
    )
