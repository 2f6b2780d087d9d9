"""A FHIR server that holds a record of an untreated B12 deficiency with neurological features."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fhir_server import FhirServer, example_record, running


@pytest.fixture
def ehr() -> Iterator[FhirServer]:
    with running(FhirServer(example_record())) as server:
        yield server
