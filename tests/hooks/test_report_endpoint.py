"""``GET /api/report``: what may be asked."""

import pytest

from tests.support.clinic import client as service


@pytest.mark.parametrize("weeks", ["0", "-1", "521", "many", "", "1e2", "٣"])
def test_weeks_that_are_no_number_of_weeks_are_refused(client, weeks):
    answer = client.get("/api/report", query_string={"weeks": weeks})
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["weeks"]


def test_a_new_service_that_showed_nothing_yet_reports_nothing(tmp_path):
    new = service(database_url=f"sqlite:///{tmp_path}/cds.sqlite3")
    answer = new.get("/api/report")
    assert answer.status_code == 200
    assert answer.get_json()["cards"] == []
