"""Where the cards and FHIR profiles are: in the source tree, or installed beside the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    for candidate in (_PACKAGE.parent / name, _PACKAGE / "data" / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name!r} is neither beside nor inside the package")


CARDS = _folder("cards")
PROFILES = _folder("fhir_profiles")
