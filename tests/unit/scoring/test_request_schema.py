"""The file of the contract says what the declarations say."""

import json
from importlib import resources

from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.request_schema import request_schema

FILE = resources.files("dropout_risk.scoring") / "contract" / "score.request.schema.json"


def pupil_fields():
    return json.loads(FILE.read_text(encoding="utf-8"))["properties"]["students"]["items"]["properties"]


def test_the_file_of_the_contract_is_not_stale():
    written = json.dumps(request_schema(), indent=1, ensure_ascii=False) + "\n"

    assert FILE.read_text(encoding="utf-8") == written, "run: make docs"


def test_the_contract_of_requests_names_every_status():
    assert pupil_fields()["attendance"]["items"]["properties"]["status"]["enum"] == [*STATUSES.words]


def test_a_request_has_a_list_for_each_table_that_it_may_carry_and_for_no_other():
    lists = {name for name, field in pupil_fields().items() if field.get("type") == "array"}

    assert lists == {name for name, table in TABLES.items() if table.in_request}


def test_lists_name_no_column_that_their_table_lacks():
    for name, field in pupil_fields().items():
        if name in TABLES:
            assert {*field["items"]["properties"]} <= {*TABLES[name].names}
