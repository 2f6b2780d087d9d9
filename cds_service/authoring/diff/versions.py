"""The two sets of cards to compare: a folder, a local folder over the built-in cards, or a folder
at a git revision."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ...config import Settings
from ...content import CARDS
from ...engine import PARAMETER_SETS, Engine
from ...rules.card import Card
from ...rules.card_set import file_of
from ...rules.shared_files import SITE_FILE

BUILT_IN = "built-in"


class NoSuchVersion(ValueError):
    """The name given is no set of cards; the message says what can be named."""


class Version(NamedTuple):
    """A set of cards by the name given, with its engine for each parameter set."""

    name: str
    engines: Mapping[str, Engine]


def read_version(name: str, settings: Settings, work: Path) -> Version:
    """Read the set of cards called ``name``: ``built-in``, a folder, or ``REVISION:FOLDER``, which
    git unpacks into ``work``.

    A folder with ``site.yaml`` is laid over the built-in cards. Raises :class:`NoSuchVersion`, and
    :class:`~cds_service.authored_yaml.source.AuthoringError` if a file cannot be read.
    """
    folder = CARDS if name == BUILT_IN else Path(name)
    if not folder.is_dir():
        folder = _unpacked(name, work)
    built_in: Path = folder
    local: tuple[Path, ...] = ()
    if (folder / SITE_FILE).exists():
        built_in, local = CARDS, (folder,)
    elif not (folder / "parameters" / "default.yaml").exists():
        raise NoSuchVersion(
            f"{name} is not a folder of cards: it has neither {SITE_FILE} (local cards) nor "
            "parameters/default.yaml."
        )
    chosen = {
        each: settings.model_copy(update={"cards": local, "parameters": each})
        for each in PARAMETER_SETS
    }
    return Version(name, {each: Engine(of_set, built_in) for each, of_set in chosen.items()})


def with_card_as(copy: Path, card: Card, now: Mapping[str, Engine], work: Path) -> Version:
    """Return the set of cards ``now``, by parameter set, with the file ``copy`` in place of that of
    ``card``. The new set is written into ``work``.

    Raises :class:`~cds_service.authored_yaml.source.AuthoringError` if the copy can no longer be
    read beside the other cards.
    """
    first = next(iter(now.values()))
    path, folder = file_of(card, first.folders)
    target = work / folder.root.name
    shutil.copytree(folder.root, target)
    shutil.copyfile(copy, target / path.relative_to(folder.root))
    built_in = first.folders[0].root if folder.owner else target
    local = tuple(target if root == folder.root else root for root in first.settings.cards)
    chosen = {
        name: engine.settings.model_copy(update={"cards": local}) for name, engine in now.items()
    }
    return Version(copy.name, {name: Engine(of_set, built_in) for name, of_set in chosen.items()})


def _unpacked(name: str, work: Path) -> Path:
    revision, colon, folder = name.partition(":")
    if not colon or not revision or name.startswith("-"):
        raise NoSuchVersion(
            f"there is no folder {name}. Name a folder of cards, {BUILT_IN}, or a revision such as "
            "HEAD~1:cards."
        )
    try:
        archive = subprocess.run(
            ["git", "archive", "--format=tar", name], capture_output=True, check=True
        ).stdout
    except FileNotFoundError:
        raise NoSuchVersion(f"{name}: git is not installed.") from None
    except subprocess.CalledProcessError as failed:
        raise NoSuchVersion(
            f"{name}: git says {failed.stderr.decode(errors='replace').strip()}"
        ) from None
    # Keep the folder's last name, so that messages and places name the files as the repository
    # does.
    target = work / revision.replace("/", "-") / (Path(folder).name or "cards")
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        content.extractall(target, filter="data")
    return target
