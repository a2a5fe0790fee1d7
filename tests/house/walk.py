"""Walk the five journeys of docs/architecture.md, and print the functions that each calls, in order.

It runs in a process of its own: what an earlier test has left in a cache would be missing on the way.
"""

import json
import os
import sys
import tempfile
import threading
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("dropout_risk.", "serving.")


class Walked:
    """The names of our functions in the order in which they are first called, in whichever thread.

    >>> from dropout_risk.errors import nearest
    >>> with Walked() as walked:
    ...     _ = nearest("one", ["ones"])
    >>> walked.names[0]
    'errors.nearest'
    """

    def __init__(self):
        self.seen = {}

    @property
    def names(self):
        return list(self.seen)

    def __call__(self, frame, event, _):
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith(OURS) and "<" not in frame.f_code.co_qualname:
            self.seen[f"{module.removeprefix('dropout_risk.')}.{frame.f_code.co_qualname}"] = None

    def __enter__(self):
        threading.setprofile(self)
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        threading.setprofile(None)


def walk_to_feature(_):
    from dropout_risk import Cohort, SchoolRecords, build_features
    from dropout_risk.simulate.district import simulate_tables

    simulated = simulate_tables(60, 3, n_days=60)
    with tempfile.TemporaryDirectory() as folder:
        for name, table in simulated.tables.items():
            table.to_pandas().to_csv(Path(folder, f"{name}.csv"), index=False)
        with Walked() as walked:
            records = SchoolRecords.from_folder(folder)
            build_features(records, Cohort.on(records, as_of=[simulated.last_day]))
    return walked


def walk_to_reply(bundle):
    os.environ |= {"DROPOUT_RISK_MODEL": str(bundle), "DROPOUT_RISK_ALLOW_SYNTHETIC": "1"}
    from serving.service import DropoutRisk
    from starlette.testclient import TestClient

    contract = ROOT / "src" / "dropout_risk" / "scoring" / "contract"
    with Walked() as walked, TestClient(DropoutRisk.to_asgi()) as client:
        walked.seen.clear()  # what starts the service is no part of the way
        body = (contract / "score.request.example.json").read_bytes()
        client.post("/score", content=body, headers={"Content-Type": "application/json"})
    return walked


def walk_to_model(_):
    from dropout_risk import Settings, simulate_district, train

    settings = Settings(
        models={"candidate": "logistic", "folds": 2}, evaluation={"refits": 0, "learning_curve": False}
    )
    records = simulate_district(n_students=400, seed=3)
    with tempfile.TemporaryDirectory() as folder, Walked() as walked:
        train(records, settings=settings, track=False).model.save(Path(folder, "model"))
    return walked


def walk_to_sentence(bundle):
    from dropout_risk import RiskModel, SchoolRecords
    from dropout_risk.simulate.district import simulate_tables

    model, simulated = RiskModel.load(bundle), simulate_tables(60, 3, n_days=60)
    records = SchoolRecords.from_tables(**simulated.tables)
    with Walked() as walked:
        model.score(records, as_of=simulated.last_day, language="en").to_dict()
    return walked


def walk_to_closed_case(bundle):
    import datetime as dt

    from dropout_risk import Histories, RiskModel, SchoolRecords
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.laws import check_book
    from dropout_risk.casebook.mornings.morning import run_morning
    from dropout_risk.casebook.mornings.morning_facts import morning_facts
    from dropout_risk.simulate.district import simulate_tables

    model, simulated = RiskModel.load(bundle), simulate_tables(60, 3, n_days=60)
    histories, day = Histories.from_records(SchoolRecords.from_tables(**simulated.tables)), simulated.last_day
    while day.weekday() > 3:
        day -= dt.timedelta(days=1)
    with Walked() as walked:
        book = Book.open("sqlite://")
        run_morning(book, morning_facts(model, histories, day))
        case = book.cases()[0]
        told = {"outcome": "false_alarm", "why": "the register was wrong"}
        book.write("close", day, case.owner, "form/1", case=case, data=told, today=day)
        run_morning(book, morning_facts(model, histories, day + dt.timedelta(days=1)))
        check_book(book)
    return walked


JOURNEYS = {
    "A row to a feature": walk_to_feature,
    "A request to a reply": walk_to_reply,
    "A training run": walk_to_model,
    "A reason to its sentence": walk_to_sentence,
    "A signal to a closed case": walk_to_closed_case,
}


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    warnings.simplefilter("ignore")
    print(json.dumps({title: walk(sys.argv[1]).names for title, walk in JOURNEYS.items()}))
