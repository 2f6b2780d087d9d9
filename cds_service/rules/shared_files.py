"""What all cards share, in ``cards/`` and a site's own folders of the same form: the owner, and the
files in them.

Each ``load`` raises an :class:`AuthoringError` with all mistakes found; each ``read`` notes them
and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..authored_yaml.reader import Reader
from ..authored_yaml.source import AuthoringError, Mapping, Mistakes, Place, load

BASES = ("guideline", "label", "review", "founding-document", "engineering", "local-policy")
SITE_FILE = "site.yaml"
EVIDENCE_FILE = "evidence.yaml"
CODES_FILE = "codes.yaml"
PARAMETERS = "parameters"
SIGN_OFFS_FILE = "sign-offs.yaml"
SIGNED = "signed"
SHARED_FILES = frozenset({CODES_FILE, EVIDENCE_FILE, PARAMETERS, SIGN_OFFS_FILE, SIGNED, SITE_FILE})
OWNER = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*\Z")


class Package(NamedTuple):
    """The identity of a site's FHIR definitions of its own cards: the package's id and version, and
    the base of their canonical URLs."""

    id: str
    canonical: str
    version: str


class Folder(NamedTuple):
    """A folder of cards. ``shown``: its name in messages; ``owner``: ``""`` for the built-in
    one."""

    root: Path
    shown: str
    owner: str = ""
    package: Package | None = None


class Override(NamedTuple):
    """What a later folder says in place of an earlier one."""

    what: str
    place: Place
    over: Place

    def __str__(self) -> str:
        return f"{self.place}: {self.what} (over {self.over})"


def folders(built_in: Path, local: Sequence[Path]) -> list[Folder]:
    """The built-in folder and then the ``local`` ones, each of which names its owner. Raises
    :class:`AuthoringError`."""
    mistakes = Mistakes()
    found = read_folders(built_in, local, mistakes)
    mistakes.tell()
    return found


def read_folders(built_in: Path, local: Sequence[Path], mistakes: Mistakes) -> list[Folder]:
    """The folders that exist; a folder without a proper owner gets ``unnamed``."""
    found = [Folder(built_in, built_in.name)]
    for root in local:
        folder = Folder(root, root.as_posix(), "unnamed")
        if not root.is_dir():
            mistakes.note(
                AuthoringError(
                    Place(folder.shown, 1, 1),
                    "this folder of cards does not exist.",
                    "Correct CDS_CARDS, which names it.",
                )
            )
            continue
        with mistakes.noting():
            owner, package = _site(folder)
            folder = folder._replace(owner=owner, package=package)
        found.append(folder)
    return found


def _site(folder: Folder) -> tuple[str, Package | None]:
    """The owner of the cards, and the identity of the package in which they are exported."""
    mend = "Write this line: owner: the-name-of-your-site."
    if not (folder.root / SITE_FILE).exists():
        raise AuthoringError(
            Place(f"{folder.shown}/{SITE_FILE}", 1, 1),
            "a folder of local cards must name its owner in this file.",
            mend,
        )
    content = read_file(folder.root / SITE_FILE, folder)
    owner = content.get("owner")
    if (
        not {"owner"} <= set(content) <= {"owner", "package"}
        or not isinstance(owner, str)
        or not OWNER.match(owner)
    ):
        place = next(
            (content.at(key) for key in content if key not in ("owner", "package")),
            content.at("owner"),
        )
        what = (
            "this file must name an owner (letters, digits and single hyphens), and may otherwise "
            "have only 'package'."
        )
        raise AuthoringError(place, what, mend)
    return owner, _package(content) if "package" in content else None


# The pattern and an example of each part of a package's identity: FHIR's "NPM Package
# Specification", and FHIR R4 for ids.
_PACKAGE = {
    "id": (
        re.compile(r"(?=.{3,64}\Z)[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+\Z"),
        "org.st-elsewhere.b12-folate",
    ),
    "canonical": (
        re.compile(r"https?://[!-~]*[^/|#?\s]\Z"),
        "https://fhir.st-elsewhere.org/b12-folate",
    ),
    "version": (re.compile(r"(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}\Z"), "1.0.0"),
}


def _package(content: Mapping) -> Package:
    mistakes = Mistakes()
    reader = Reader(mistakes)
    entry = reader.mapping(
        content["package"], content.at("package"), tuple(_PACKAGE), tuple(_PACKAGE)
    )
    for name, (pattern, example) in _PACKAGE.items():
        if name in entry and not (isinstance(entry[name], str) and pattern.match(entry[name])):
            mistakes.note(
                AuthoringError(
                    entry.at(name),
                    f"{entry[name]!r} is not a valid {name} of a package.",
                    f"Write it as {example}.",
                )
            )
    mistakes.tell()
    return Package(**entry)


def shown_name(path: Path, folder: Folder) -> str:
    """The name of a file of ``folder`` in messages."""
    return f"{folder.shown}/{path.relative_to(folder.root).as_posix()}"


def read_file(path: Path, folder: Folder) -> Mapping:
    """The mapping in a file of ``folder``. Raises :class:`AuthoringError`."""
    top = Place(shown_name(path, folder), 1, 1)
    try:
        content = load(path, top.file)
    except OSError as error:
        raise AuthoringError(
            top,
            f"the file cannot be read: {error.strerror}.",
            "Check that it exists and that the service may read it.",
        ) from None
    if not isinstance(content, Mapping):
        mend = "The file is empty." if content is None else "Write each entry as 'key: value'."
        raise AuthoringError(top, "a mapping (key: value) is expected here.", mend)
    return content
