"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import postgresql
from tests.support.site import Site


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/cds.sqlite3"
    else:
        with postgresql() as found:
            yield found


@pytest.fixture
def sites(url: str) -> Iterator[Any]:
    """Make sites with one database between them; what they wait to write is written at the end."""
    made: list[Site] = []

    def make(**settings: Any) -> Site:
        made.append(Site(url, **settings))
        return made[-1]

    yield make
    for site in made:
        site.store.close()


@pytest.fixture
def site(sites: Any) -> Site:
    """A site with default settings."""
    return sites()
