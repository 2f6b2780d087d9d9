"""The FHIR package: an npm-style archive of every definition, according to FHIR's "NPM Package
Specification".

The same cards and profiles make the same bytes: files are ordered and have no times or owners.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import __version__
from ..engine import Engine
from .edition import MATURITY, PUBLISHER, base_of, package_of_site
from .narrative import with_narrative
from .resources import definitions, examples, text

NAME = "org.example.b12-folate-cds"
FHIR_VERSION = "4.0.1"
_CORE = "hl7.fhir.r4.core"
# The elements of a resource that .index.json of version 2 repeats, if they are strings.
_INDEXED = (
    "resourceType",
    "id",
    "url",
    "version",
    "kind",
    "type",
    "supplements",
    "content",
    "derivation",
)
_INDEX = ".index.json"
# HL7's IG Publisher requires a table of contents with a first page.
_PAGES = {
    "nameUrl": "toc.html",
    "title": "Table of contents",
    "generation": "html",
    "page": [{"nameUrl": "index.html", "title": "B12 and folate CDS", "generation": "markdown"}],
}


def package_name(engine: Engine) -> str:
    """Return the name of the package. A package that differs from the published one has another
    name: the one that the site gives it, else one that adds the parameter set and the owners of
    local cards.

    A version could not tell them apart: npm ignores whatever follows ``+``, and treats whatever
    follows ``-`` as a pre-release.
    """
    if package := package_of_site(engine):
        return package.id
    owners = (folder.owner for folder in engine.folders if folder.owner)
    parts = [part for part in (engine.settings.parameters, *owners) if part != "default"]
    return ".".join(
        [NAME, *(part.lower() if part[0].isalpha() else f"site-{part.lower()}" for part in parts)]
    )


def package_version(engine: Engine) -> str:
    """Return the version of the package: the software's, or the one that the site gives its
    cards."""
    package = package_of_site(engine)
    return package.version if package else __version__


def package_files(engine: Engine) -> dict[str, bytes]:
    """Return the files of the package by path, in order."""
    defined, shown = definitions(engine), examples()
    guide = _implementation_guide(engine, defined, shown)
    contents = {f"package/{name}": data for name, data in _files([guide, *defined]).items()}
    if shown:
        contents |= {f"package/example/{name}": data for name, data in _files(shown).items()}
    contents["package/package.json"] = _encoded(_manifest(engine))
    return dict(sorted(contents.items()))


def archive(files: dict[str, bytes]) -> bytes:
    """Pack ``files`` into a gzipped tar."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


class SameVersion(ValueError):
    """Another content already has this package's name and version."""


def read_package(out: Path) -> dict[str, bytes]:
    """Return the files by path of the package in ``out``, an archive or a folder; empty if there is
    no readable package."""
    if out.is_dir():
        found = [path for path in (out / "package").rglob("*") if path.is_file()]
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}
    try:
        with tarfile.open(out) as tar:
            members = [
                (entry.name, tar.extractfile(entry)) for entry in tar.getmembers() if entry.isfile()
            ]
            return {name: file.read() for name, file in members if file}
    except (OSError, tarfile.TarError, EOFError):
        return {}


def _refuse_other_content(
    engine: Engine, files: dict[str, bytes], before: dict[str, bytes]
) -> None:
    """A name and version identify one content, because whoever has installed them would never
    receive another."""
    manifest = "package/package.json"
    if manifest not in before or before == files:
        return
    old, new = json.loads(before[manifest]), json.loads(files[manifest])
    if (old.get("name"), old.get("version")) == (new["name"], new["version"]):
        changed = sorted(
            name for name in before.keys() | files.keys() if before.get(name) != files.get(name)
        )
        named = ", ".join(
            name.removeprefix("package/") for name in changed if name != f"package/{_INDEX}"
        )
        raise SameVersion(f"{new['name']} {new['version']} exists with different content: {named}.")


def write_package(engine: Engine, out: Path) -> int:
    """Write the package to ``out`` and return its number of files. A path ending in ``.tgz`` or
    ``.tar.gz`` becomes an archive, any other a folder.

    Raises ``FileExistsError`` if the folder has a ``package`` that is not a FHIR package, and
    :class:`SameVersion` if ``out`` has this package's name and version with another content.
    """
    package, is_archive = out / "package", out.name.endswith((".tgz", ".tar.gz"))
    if not is_archive and package.exists() and not (package / "package.json").is_file():
        raise FileExistsError(f"{package} exists and is not a FHIR package.")
    files = package_files(engine)
    _refuse_other_content(engine, files, read_package(out))
    if is_archive:
        out.write_bytes(archive(files))
        return len(files)
    # Remove the files of an earlier package, so that none outlives its card.
    for path in [*package.glob("*.json"), *package.glob("example/*.json")]:
        path.unlink()
    for name, data in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(files)


def _manifest(engine: Engine) -> dict[str, Any]:
    return {
        "name": package_name(engine),
        "version": package_version(engine),
        "type": "Conformance",
        "title": "B12 and folate CDS",
        "description": (
            "Cards, profiles, value sets and orders for vitamin B12 and folate. Parameter set: "
            f"{engine.parameter_set}."
        ),
        "canonical": base_of(engine),
        "url": base_of(engine),
        "license": "Apache-2.0",
        "author": PUBLISHER,
        "fhirVersions": [FHIR_VERSION],
        "dependencies": {_CORE: FHIR_VERSION},
    }


def _files(resources: Iterable[dict[str, Any]]) -> dict[str, bytes]:
    """A file for each resource, and their index."""
    named = {
        f"{resource['resourceType']}-{resource['id']}.json": resource for resource in resources
    }
    files = {name: text(resource).encode() for name, resource in named.items()}
    entries = [{"filename": name, **_indexed(resource)} for name, resource in sorted(named.items())]
    files[_INDEX] = _encoded({"index-version": 2, "files": entries})
    return files


def _indexed(resource: dict[str, Any]) -> dict[str, str]:
    return {name: resource[name] for name in _INDEXED if isinstance(resource.get(name), str)}


def _implementation_guide(
    engine: Engine, defined: list[dict[str, Any]], shown: list[dict[str, Any]]
) -> dict[str, Any]:
    """The resource by which tools know the package; its URL consists of the package's canonical and
    name."""
    name = package_name(engine)
    listed = [
        *((resource, False) for resource in defined),
        *((resource, True) for resource in shown),
    ]
    guide = {
        "resourceType": "ImplementationGuide",
        "id": name,
        "url": f"{base_of(engine)}/ImplementationGuide/{name}",
        "version": package_version(engine),
        "name": re.sub(r"\W", "_", name).title().replace("_", ""),
        "title": "B12 and folate CDS",
        **MATURITY,
        "publisher": PUBLISHER,
        "description": (
            "Cards, profiles, value sets and orders for vitamin B12 and folate. Parameter set: "
            f"{engine.parameter_set}."
        ),
        "packageId": name,
        "license": "Apache-2.0",
        "fhirVersion": [FHIR_VERSION],
        "definition": {
            "resource": [
                _listed(resource, is_example=is_example) for resource, is_example in listed
            ],
            "page": _PAGES,
        },
    }
    return with_narrative(guide)


def _listed(resource: dict[str, Any], *, is_example: bool) -> dict[str, Any]:
    reference = f"{resource['resourceType']}/{resource['id']}"
    title = resource.get("title")
    return {
        "reference": {"reference": reference},
        "name": title if isinstance(title, str) else reference,
        "exampleBoolean": is_example,
    }


def _encoded(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
