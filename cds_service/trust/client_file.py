"""Reads the YAML file of trusted clients (``CDS_CLIENTS``) into :class:`TrustedClient`. Each
mistake is reported with its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..authored_yaml.reader import Reader
from ..authored_yaml.source import AuthoringError, Mapping, Place, load
from ..urls import url_mistake
from .jwks import ALGORITHMS, RECOMMENDED

_KEYS = ("iss", "jwks_file", "jku", "algorithms", "tenants")


@dataclass(frozen=True, slots=True)
class TrustedClient:
    """A registered client.

    ``iss``: the issuer, compared exactly. The keys are read from ``jwks_file`` or, without one,
    from ``jku``; next to ``jwks_file``, ``jku`` is only the URL that a token may name.
    ``tenants``: the organizations that may call; if empty, any may, and a token may name none.
    """

    iss: str
    jwks_file: Path | None
    jku: str | None
    algorithms: frozenset[str]
    tenants: frozenset[str]
    place: Place


def load_clients(path: Path) -> tuple[TrustedClient, ...]:
    """Read the clients from a file. Raises :class:`AuthoringError`."""
    reader = _Reader()
    top = Place(str(path), 1, 1)
    try:
        content = load(path)
    except OSError as error:
        raise AuthoringError(
            top, f"the file of trusted clients (CDS_CLIENTS) cannot be read: {error.strerror}."
        ) from None
    listed = reader.mapping(content, top, ("clients",), ("clients",))
    clients = tuple(
        reader.client(value, place, path.parent) for value, place in reader.items(listed, "clients")
    )
    if not clients:
        raise AuthoringError(
            listed.at("clients"),
            "no client is listed.",
            "Without CDS_CLIENTS, nobody needs a token.",
        )
    known: set[str] = set()
    for client in clients:
        if client.iss in known:
            raise AuthoringError(
                client.place,
                f"the iss {client.iss!r} appears twice.",
                "Put its tenants and keys into one entry.",
            )
        known.add(client.iss)
    return clients


class _Reader(Reader):
    """Reads the entries of the file."""

    def client(self, value: Any, place: Place, folder: Path) -> TrustedClient:
        entry = self.mapping(value, place, _KEYS, ("iss",))
        if "jwks_file" not in entry and "jku" not in entry:
            raise AuthoringError(
                place, "the client's keys are missing.", "Give 'jwks_file' or 'jku'."
            )
        jku = self.text(entry, "jku") if "jku" in entry else None
        if jku and (mistake := url_mistake(jku)):
            raise AuthoringError(entry.at("jku"), f"{mistake}.")
        algorithms = (
            self.names(entry, "algorithms", ALGORITHMS, "accepted algorithm")
            if "algorithms" in entry
            else RECOMMENDED
        )
        tenants = self.texts(entry, "tenants")
        for key, found in (("algorithms", algorithms), ("tenants", tenants)):
            if key in entry and not found:
                raise AuthoringError(
                    entry.at(key),
                    f"{key!r} is empty, which would refuse every token.",
                    "Leave it out.",
                )
        jwks_file = folder / self.text(entry, "jwks_file") if "jwks_file" in entry else None
        return TrustedClient(
            self.text(entry, "iss"),
            jwks_file,
            jku,
            frozenset(algorithms),
            frozenset(tenants),
            place,
        )

    def texts(self, mapping: Mapping, key: str) -> tuple[str, ...]:
        found = self.items(mapping, key)
        for value, place in found:
            if not isinstance(value, str) or not value.strip():
                raise AuthoringError(place, f"{key!r} is a list of texts.", "Quote each.")
        return tuple(value for value, _ in found)
