import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dropout_risk as dr
from dropout_risk.errors import OutputError, ScoresFolderError, StoreBusyError
from dropout_risk.files import write_whole
from dropout_risk.histories.store import hold_lock
from dropout_risk.scoring.bundles import scores_folder
from dropout_risk.scoring.bundles.scores_folder import LOCK, MANIFEST, score_to
from dropout_risk.scoring.score_rows import pupil_scores

AS_OF = "2025-06-02"
HOW = {"language": "en", "block_size": 40}


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=400, seed=6))


@pytest.fixture(scope="module")
def finished(risk_model, histories, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores") / "all"
    score_to(risk_model, histories, AS_OF, folder, **HOW)
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def rows_of(folder):
    return pa.concat_tables(pq.read_table(path) for path in sorted(folder.glob("part-*.parquet")))


@pytest.mark.parametrize("block_size", [7, 150, 10_000])
def test_the_complete_rows_are_the_replies_with_their_ranks_whatever_the_blocks(
    risk_model, histories, tmp_path, block_size
):
    score_to(risk_model, histories, AS_OF, tmp_path, language="en", block_size=block_size, complete=True)
    rows = rows_of(tmp_path)
    scores = risk_model.score(histories, AS_OF, language="en")
    found = {pupil.student_id: pupil for pupil in pupil_scores(rows)}
    assert rows.num_rows == len(scores) == len(found)
    assert [found[pupil.student_id] for pupil in scores.pupils] == list(scores.pupils)
    schools = rows["school_id"].to_pylist()
    assert schools == sorted(schools)


def test_a_part_holds_whole_schools_where_they_fit(risk_model, histories, tmp_path):
    score_to(risk_model, histories, AS_OF, tmp_path, block_size=250, sentences=False)
    parts = [set(pq.read_table(path)["school_id"].to_pylist()) for path in tmp_path.glob("part-*")]
    assert len(parts) > 1
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_files_are_for_their_owner_only_and_nothing_unfinished_is_left(finished):
    assert {stat.S_IMODE(path.stat().st_mode) for path in finished.iterdir()} == {0o600}
    names = [path.name for path in finished.iterdir() if not path.name.startswith("part-")]
    assert sorted(names) == ["_errors.json", "_lock", MANIFEST]
    about = json.loads((finished / MANIFEST).read_text())
    assert about["finished"]
    assert about["scored"] == about["pupils"] == rows_of(finished).num_rows


def test_the_number_of_threads_changes_no_byte(risk_model, histories, finished, tmp_path, monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_THREADS", "1")
    score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
    assert content(tmp_path) == content(finished)


def test_a_stopped_run_goes_on_and_leaves_the_same_bytes(risk_model, histories, finished, tmp_path):
    class StopError(Exception):
        pass

    def stop(done, everybody):
        if done > everybody / 3:
            raise StopError

    with pytest.raises(StopError):
        score_to(risk_model, histories, AS_OF, tmp_path, progress=stop, **HOW)
    assert not json.loads((tmp_path / MANIFEST).read_text())["finished"]
    (tmp_path / ".part-left-by-a-kill").write_bytes(b"half")
    (tmp_path / "part-00001.parquet").write_bytes(b"PAR1 cut short")
    told = []
    score_to(risk_model, histories, AS_OF, tmp_path, progress=lambda *done: told.append(done), **HOW)
    assert told[0][0] > 80
    assert content(tmp_path) == content(finished)


def test_a_disk_that_fills_is_an_error_with_the_way_out_and_the_run_goes_on(
    risk_model, histories, finished, tmp_path, monkeypatch
):
    write = scores_folder._write_part

    def full(rows, path):
        if (tmp_path / "part-00001.parquet").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(rows, path)

    with monkeypatch.context() as patch:
        patch.setattr(scores_folder, "_write_part", full)
        with pytest.raises(OutputError, match="No space left") as error:
            score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
    assert "make room" in error.value.hint
    score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
    assert content(tmp_path) == content(finished)


def test_a_second_run_into_one_folder_is_told_so_and_leaves_the_first_one_alone(
    risk_model, histories, finished, tmp_path
):
    unfinished = tmp_path / ".part-being-written"
    unfinished.write_bytes(b"half")
    with hold_lock(tmp_path, name=LOCK):
        with pytest.raises(StoreBusyError, match=tmp_path.name):
            score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
        assert unfinished.exists()
    score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
    assert content(tmp_path) == content(finished)


def test_a_file_of_scores_on_a_full_disk_is_an_error_and_leaves_what_was_there(tmp_path):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "scores.csv").write_text("before")
    with pytest.raises(OutputError, match=r"scores\.csv could not be written"):
        write_whole(tmp_path / "scores.csv", full)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_a_new_library_of_numbers_begins_a_new_folder(finished):
    assert {"numba", "scipy"} <= json.loads((finished / MANIFEST).read_text())["libraries"].keys()


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_bytes(bundle, histories, finished, tmp_path):
    histories.save(tmp_path / "histories")
    code = (
        "import sys; import dropout_risk as dr;"
        "from dropout_risk.scoring.bundles.scores_folder import score_to; "
        "bundle, histories, out = sys.argv[1:]; "
        f"score_to(dr.RiskModel.load(bundle), dr.Histories.load(histories), {AS_OF!r}, out, **{HOW!r})"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", code, str(bundle), str(tmp_path / "histories"), str(out)]
    killed = 0
    for parts in (1, 3, 5):
        process = subprocess.Popen(command, env=os.environ | {"DROPOUT_RISK_THREADS": "2"})
        while process.poll() is None and len(list(out.glob("part-*"))) < parts:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    subprocess.run(command, check=True)
    assert killed
    assert content(out) == content(finished)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"language": "zh"}, "language"),
        ({"block_size": 41}, "block_size"),
        ({"complete": True}, "complete"),
        ({"sentences": False}, "sentences"),
        ({"as_of": "2025-06-03"}, "as_of"),
        ({"histories": "fewer"}, "histories"),
    ],
)
def test_other_inputs_are_refused_by_name_and_nothing_is_touched(
    risk_model, histories, finished, change, named
):
    before = content(finished)
    given = {"histories": histories, "as_of": AS_OF} | HOW | change
    if given["histories"] == "fewer":
        given["histories"] = histories.take(range(len(histories) - 1))
    with pytest.raises(ScoresFolderError, match=named):
        score_to(risk_model, folder=finished, **given)
    assert content(finished) == before


def test_another_model_is_refused(risk_model, histories, finished, bundle):
    other = dr.RiskModel.load(bundle)
    object.__setattr__(other, "version", "another")
    with pytest.raises(ScoresFolderError, match="model"):
        score_to(other, histories, AS_OF, finished, **HOW)


def test_a_folder_of_something_else_is_refused(risk_model, histories, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ScoresFolderError, match="not scores"):
        score_to(risk_model, histories, AS_OF, tmp_path, **HOW)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
