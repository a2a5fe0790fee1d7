import json
import stat

import pandas as pd
import pytest

from dropout_risk.cli.morning import write_reply
from dropout_risk.watchlist.scores_table import ScoresTable
from support.lists import pupil, reason, scores

TOLD = "PHQ-9 total of 21"
RAISING = (reason("=Absent", 0.2), reason(TOLD, 0.1, domain="psychology"))
SCORES = scores(pupil("=1+1", 0.2), pupil("p-2", 0.6, raising=RAISING))


def written(tmp_path, suffix):
    out = tmp_path / "new" / f"scores{suffix}"
    write_reply(SCORES, out) if suffix == ".json" else ScoresTable.of_scores(SCORES).write(out)
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return out


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_a_file_of_scores_is_for_its_owner_only(tmp_path, suffix):
    assert stat.S_IMODE(written(tmp_path, suffix).stat().st_mode) == 0o600


def test_a_spreadsheet_runs_no_cell_of_the_csv(tmp_path):
    frame = pd.read_csv(written(tmp_path, ".csv"), encoding="utf-8-sig")
    assert frame["student_id"].tolist() == ["p-2", "'=1+1"]
    assert frame["reasons"][0] == "'=Absent"
    assert frame["risk"].tolist() == [0.6, 0.2]


def test_tables_hold_nothing_of_a_psychological_test(tmp_path):
    rows = pd.read_csv(written(tmp_path / "a", ".csv")), pd.read_parquet(written(tmp_path / "b", ".parquet"))
    for frame in rows:
        assert TOLD not in frame.to_csv()
        assert frame["reasons"][0].endswith("=Absent")


def test_the_json_is_the_complete_reply(tmp_path):
    assert json.loads(written(tmp_path, ".json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(SCORES.to_dict())
    )


def test_no_pupils_make_a_file_too(tmp_path):
    ScoresTable.of_scores(scores()).write(tmp_path / "none.csv")
    assert (tmp_path / "none.csv").exists()
