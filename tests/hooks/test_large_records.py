"""A record as large as a body may be is answered: no work grows with the square of its size."""

import time

import pytest

from tests.support.clinic import client
from tests.support.fhir_builders import (
    HYDROXOCOBALAMIN,
    condition,
    days_ago,
    draft,
    folic_acid,
    hook_request,
    medication_request,
    observation,
    prefetch,
    service_request,
)

RECORDS = {
    "orders of a cobalamin": lambda number: medication_request(
        HYDROXOCOBALAMIN, status="stopped", authoredOn=days_ago(number % 9000)
    ),
    "results of one test": lambda number: observation(
        "b12", 110 + number % 90, "pg/mL", ago=number % 170
    ),
    "potassium results": lambda number: observation("potassium", 4.1, "mmol/L", ago=number % 3),
    "test requests": lambda number: service_request("potassium", ago=number % 29),
    "problems": lambda number: condition("386033004"),
    # Longer than those of which it is remembered what they mean.
    "medications of long names": lambda number: medication_request(
        {"text": f"{number} " + "folic acid 1 mg " * 20}
    ),
}


def seconds(kind, number):
    """Those of the processor that a call takes with a record of so many resources."""
    resources = [RECORDS[kind](count) for count in range(number)]
    body = hook_request(
        "order-sign", prefetch(*resources), drafts=[folic_acid(), draft(HYDROXOCOBALAMIN)]
    )
    post = client().post
    started = time.process_time()
    answer = post("/cds-services/b12-folate-order-sign", json=body)
    assert answer.status_code == 200
    return time.process_time() - started


@pytest.mark.parametrize("kind", RECORDS)
def test_thousands_of_resources(kind):
    """Sixteen times as many take some sixteen times as long, where a square would take 256 times: how fast the machine is does not
    matter."""
    few, many = seconds(kind, 250), seconds(kind, 4000)
    assert many < 60 * few
