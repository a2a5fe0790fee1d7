"""Names, guardians, phones and addresses are on pages for those who may read them, and nowhere else."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app
from dropout_risk.histories.histories import Histories
from dropout_risk.pages.review import Review
from dropout_risk.records.directory import FILE, PERSONAL, Directory
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_district, simulate_tables
from dropout_risk.training.train import train

PLANTED = "Zzyx"
AS_OF = "2025-06-02"
HEADERS = ("姓名", "座号", "监护人", "联系电话", "村", "家庭住址")
RUN = CliRunner()


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A folder of records in which every pupil has all that names it."""
    folder = tmp_path_factory.mktemp("records")
    for name, table in simulate_tables(400, 3).tables.items():
        frame = table.to_pandas()
        if name == "students":
            for header, column in zip(HEADERS, PERSONAL, strict=True):
                frame[header] = [f"{PLANTED}{column}{row}" for row in range(len(frame))]
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def made(school, tmp_path_factory):
    """Everything that is made from the folder but the pages: where it lies, and what was said meanwhile."""
    out = tmp_path_factory.mktemp("made")
    settings = Settings(
        models={"candidate": "lightgbm", "folds": 2},
        evaluation={"refits": 0, "learning_curve": False},
        tracking={"uri": f"sqlite:///{out}/mlflow.db", "artifacts": str(out / "artefacts")},
    )
    said = _Said()
    logging.getLogger().addHandler(said)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        records = SchoolRecords.from_folder(school)
        train(records, settings).model.save(out / "bundle")
        histories = Histories.from_records(records)
    finally:
        logging.getLogger().removeHandler(said)
        logging.getLogger().setLevel(level)
    histories.save(out / "store")
    told = [*said.lines, str(records.check()), repr(records), repr(Directory.of_records(records))]
    model = ["--model", str(out / "bundle"), "--as-of", AS_OF]
    for words in (
        ["check", str(school)],
        ["map", str(school), "--out", str(out / "mapping.toml")],
        *(
            ["score", str(school), *model, "--out", str(out / name)]
            for name in ("s.json", "s.csv", "s.parquet", "all")
        ),
    ):
        done = RUN.invoke(app, words)
        assert done.exit_code == 0, (words[0], done.exception)
        told.append(done.output)
    return out, told


class _Said(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def content_of(path: Path) -> str:
    if path.suffix in (".parquet", ".pq"):
        return str(pq.read_table(path).to_pydict())
    if path.suffix in (".arrow", ".feather"):
        try:
            return str(feather.read_table(path, memory_map=False).to_pydict())
        except ValueError:
            pass
    return path.read_bytes().decode("utf-8", "replace")


def test_no_artefact_of_training_scoring_or_checking_holds_a_word_that_names_a_pupil(made):
    out, told = made
    files = [path for path in out.rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files}
    assert {".db", ".json", ".csv", ".parquet", ".arrow", ".toml", ".txt"} <= kinds
    assert [path.relative_to(out) for path in files if PLANTED in content_of(path)] == []
    assert not any(PLANTED in text for text in told)


def test_a_word_that_is_written_would_be_found(made):
    out, _ = made
    Directory.of_records(SchoolRecords.from_tables(students=[{
        "student_id": "p-1", "school_id": "s", "class_id": "c", "grade_level": 8, "name": PLANTED,
    }])).save(out / "bundle")  # fmt: skip
    found = out / "bundle" / FILE
    assert PLANTED in content_of(found)
    found.unlink()


def test_the_store_holds_them_in_one_file_of_its_own_that_only_its_owner_reads(school, tmp_path):
    store = tmp_path / "store"
    done = RUN.invoke(app, ["store", "build", str(school), "--store", str(store)])
    assert done.exit_code == 0, done.output
    holding = [
        path.relative_to(store) for path in store.rglob("*") if path.is_file() and PLANTED in content_of(path)
    ]
    assert holding == [Path(FILE)]
    assert (store / FILE).stat().st_mode & 0o077 == 0

    moved = tmp_path / "day"
    moved.mkdir()
    first = SchoolRecords.from_folder(school).table("students").slice(0, 1).to_pylist()[0]
    own = [str(first[name]) for name in ("student_id", "school_id", "class_id", "grade_level")]
    line = "\n".join(["学号,学校,班级,年级,联系电话", ",".join([*own, f"{PLANTED}new"]), ""])
    (moved / "学生.csv").write_text(line, encoding="utf-8")
    done = RUN.invoke(app, ["store", "append", str(moved), "--store", str(store)])
    assert done.exit_code == 0, done.output
    told = Directory.load(store).of(first["student_id"])
    assert told["phone"] == f"{PLANTED}new"
    assert told["name"] == first["name"]


@pytest.mark.parametrize("role", [name for name, role in ROLES.items() if role.names and role.staff])
def test_pages_show_a_role_what_it_reads_of_the_directory_and_no_more(made, school, tmp_path, role):
    from dropout_risk.scoring.risk_model import RiskModel

    model = RiskModel.load(made[0] / "bundle")
    review = Review.of(model, SchoolRecords.from_folder(school), AS_OF, role=ROLES[role])
    review.write(tmp_path)
    review.watch_list.to_csv(tmp_path / "list.csv", review.directory)
    review.watch_list.save_state(tmp_path / "state.json")
    told = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    shown = {column for column in PERSONAL if f"{PLANTED}{column}" in told}
    assert shown == set(ROLES[role].reads_of_directory)
    assert PLANTED not in (tmp_path / "state.json").read_text(encoding="utf-8")
    assert not any(PLANTED in path.name for path in tmp_path.iterdir())


def test_a_role_of_a_countys_own_reads_nothing_of_the_directory_until_it_says_so():
    from dropout_risk.scoring.readers.roles import roles_of

    own = {"researcher": {"sees": ["attendance"]}, "nurse": {"sees": [], "reads_of_directory": ["name"]}}
    roles = roles_of(Settings(roles=own))
    assert [roles[name].reads_of_directory for name in own] == [(), ("name",)]
    assert {name for name, role in ROLES.items() if not role.reads_of_directory} == {
        "parent",
        "county",
        "auditor",
    }


@pytest.mark.parametrize("column", PERSONAL)
def test_a_request_that_names_a_pupil_is_refused_without_its_word(client, example, column):
    example["students"][0][column] = PLANTED
    reply = client.post(
        "/score", content=json.dumps(example).encode(), headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400
    assert reply.json()["error"]["field"] == f"students[0].{column}"
    assert PLANTED not in reply.text
    assert "names nobody" in reply.json()["error"]["hint"]


def test_no_feature_can_be_made_of_them():
    records = simulate_district(n_students=60, seed=1)
    assert not set(PERSONAL) & set(Histories.from_records(records).students.column_names)


def test_names_move_no_fingerprint_of_the_records():
    row = {"student_id": "p-1", "school_id": "s", "class_id": "c", "grade_level": 8}
    plain, named = (SchoolRecords.from_tables(students=[row | more]) for more in ({}, {"name": PLANTED}))
    assert named.table("students")["name"].to_pylist() == [PLANTED]
    assert named.fingerprint == plain.fingerprint
