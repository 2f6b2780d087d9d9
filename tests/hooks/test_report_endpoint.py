"""``GET /api/report``: what may be asked."""

import pytest


@pytest.mark.parametrize("weeks", ["0", "-1", "521", "many", "", "1e2", "٣"])
def test_weeks_that_are_no_number_of_weeks_are_refused(client, weeks):
    answer = client.get("/api/report", query_string={"weeks": weeks})
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["weeks"]
