"""The house stays one that can be walked: no circle among imports, no long file, no more files and lines."""

import ast
from collections import Counter

import pytest

from house.modules import MODULES

LONGEST, FILES, LINES = 700, 232, 53_300
FACADES = {
    "dropout_risk.histories.histories": "gives the Snapshot that is made of it",
    "dropout_risk.evaluation.report": "is handed whole to its tables, its panels and the rules of publishing",
    "dropout_risk.evaluation.result": "gives the measured rows that baselines and sections are made from",
    "dropout_risk.evaluation.trained_model": "is handed whole to every section of the report",
    "dropout_risk.watchlist.watch_list": "is handed whole to its table",
}
"""The modules whose types their own parts may name, and why: only through them may typing close a circle."""


NEW_ROOMS = {
    "dropout_risk.records.late_records": "days of recording that are those of an export",
    "dropout_risk.records.leave_spans": "rows of attendance for days on end, spread over school days",
    "dropout_risk.alerts.critical": "critical answers, and since when they are known",
    "dropout_risk.alerts.duty": "who acts on an alert, and to whom it is reported",
    "dropout_risk.alerts.facts": "what is on record of a pupil on a date",
    "dropout_risk.alerts.register_facts": "what registers say and leave unsaid on a date",
    "dropout_risk.alerts.silence": "alerts about silence, and questions about registers",
    "dropout_risk.catalogue.alert_kinds": "kinds of alerts, and what each rule looks at",
    "dropout_risk.catalogue.facts": "which facts there are, and who may read of each",
    "dropout_risk.cli.versions": "the commands on versions of a model",
    "dropout_risk.evaluation.band_calibration": "what the risks of each band promised",
    "dropout_risk.evaluation.card_figures": "the pictures inside a card",
    "dropout_risk.evaluation.caution": "what every list says of its model",
    "dropout_risk.evaluation.data_section": "the records behind a model, by table",
    "dropout_risk.evaluation.effects": "what each fact does to the risk",
    "dropout_risk.evaluation.first_page": "a model in three sentences",
    "dropout_risk.evaluation.missingness": "what training refuses to learn from",
    "dropout_risk.evaluation.separation": "who is found by the list, and who is missed",
    "dropout_risk.evaluation.small_groups": "whose figures are withheld, and with whom",
    "dropout_risk.evaluation.statement": "who answers for a model",
    "dropout_risk.evaluation.svg": "a picture as SVG",
    "dropout_risk.evaluation.versions": "two versions side by side",
    "dropout_risk.catalogue.exam_words": "subjects and exams as people name them",
    "dropout_risk.catalogue.window_words": "windows in names, labels and sentences",
    "dropout_risk.explanation.reason": "one reason, as an object and as a row",
    "dropout_risk.explanation.sentences": "values in words, each once",
    "dropout_risk.explanation.told_rows": "the rows behind the values that are told",
    "dropout_risk.features.day_footing": "what measures of attendance stand on",
    "dropout_risk.features.family_footing": "what measures of family stand on",
    "dropout_risk.features.footing": "which rows a value came from",
    "dropout_risk.features.footings": "what the values of a catalogue stand on",
    "dropout_risk.features.mark_footing": "what measures of marks stand on",
    "dropout_risk.features.tested_footing": "what measures of tests stand on",
    "dropout_risk.features.refused_shares": "how much of a pupil was refused, as known on a date",
    "dropout_risk.features.sat_exams": "which exams a class sat",
    "dropout_risk.features.totals": "totals whose periods share days",
    "dropout_risk.histories.complete": "how far the outcomes of a school are complete",
    "dropout_risk.histories.places": "where each pupil was on a date",
    "dropout_risk.histories.refused_runs": "refused rows as runs",
    "dropout_risk.histories.registers": "which days each class has handed in",
    "dropout_risk.modelling.band_errors": "the error that no interval hides",
    "dropout_risk.modelling.feature_table": "the frame of features that a classifier takes",
    "dropout_risk.modelling.labels": "which label is the risk",
    "dropout_risk.modelling.row_names": "whether rows and labels agree",
    "dropout_risk.pages.links": "how pages find one another",
    "dropout_risk.pages.morning_page": "the first page of a morning",
    "dropout_risk.pages.morning_words": "the wording of the first page and of the search",
    "dropout_risk.pages.on_record": "what a page shows that no model made",
    "dropout_risk.pages.pupil_index": "the pupils of a list by letter and id",
    "dropout_risk.pages.pupil_search": "what a reader looks for, and who is found",
    "dropout_risk.pages.reader_folders": "a folder for each person who reads",
    "dropout_risk.pages.school_list": "a school's list, its teachers' sheets and their parts",
    "dropout_risk.progress": "how far work is, on a terminal",
    "dropout_risk.records.shaped_parts": "parts of tables as a mapping shapes them",
    "dropout_risk.records.table_shapes": "what a mapping says of the shape of a table",
    "dropout_risk.records.unknown_words": "the words that a mapping has yet to say",
    "dropout_risk.training.foreign": "classifiers of one's own beside the library's",
    "dropout_risk.proposals": "mappings proposed for foreign files",
    "dropout_risk.proposals.check_hints": "the conventions that a check speaks for",
    "dropout_risk.proposals.column_values": "the values of a foreign column, and their shape",
    "dropout_risk.proposals.convention_guess": "the conventions that values speak for",
    "dropout_risk.proposals.error_words": "what stops the reading of records, in Chinese",
    "dropout_risk.proposals.foreign_files": "files and sheets of any name, with a sample",
    "dropout_risk.proposals.known_names": "the names and words of school systems",
    "dropout_risk.proposals.lines": "a line of a proposal, with evidence and doubt",
    "dropout_risk.proposals.mapping_proposal": "the proposal, and what the check says of it",
    "dropout_risk.proposals.mapping_toml": "a proposal as TOML",
    "dropout_risk.proposals.open_questions": "what else a school has to decide",
    "dropout_risk.proposals.preview": "what the check says if doubtful headers are right",
    "dropout_risk.proposals.table_guess": "which table a file is, and which column a header",
    "dropout_risk.proposals.word_guess": "which word means what",
    "dropout_risk.records.absences_only": "registers that list absences only",
    "dropout_risk.records.attendance_registers": "whose register each pupil is in",
    "dropout_risk.records.archives": "files that hold tables: in a folder, or in a zip",
    "dropout_risk.records.blank_rows": "rows without any value",
    "dropout_risk.records.calendar_checks": "what is odd about a calendar",
    "dropout_risk.records.classes": "which class each pupil is in",
    "dropout_risk.records.conventions": "how a county writes numbers, dates, times and totals",
    "dropout_risk.records.csv_files": "one CSV file",
    "dropout_risk.records.csv_lines": "where the lines of a CSV file end",
    "dropout_risk.records.dates": "dates as a county writes them",
    "dropout_risk.records.encodings": "which encoding a text is in, and whether it is doubted",
    "dropout_risk.records.departures": "departures that registers contradict",
    "dropout_risk.records.directory": "names and addresses, for pages alone",
    "dropout_risk.records.family_values": "what a family factor may say",
    "dropout_risk.records.folders": "the files of a folder: read, or named",
    "dropout_risk.records.exam_spellings": "the words for exams and subjects that are known",
    "dropout_risk.records.exam_names": "what names of exams say beside the exam",
    "dropout_risk.records.grade_levels": "grade levels as schools write them",
    "dropout_risk.records.header_rows": "where the headers stand",
    "dropout_risk.records.holidays": "public holidays and make-up workdays of China",
    "dropout_risk.records.id_forms": "the forms of an id",
    "dropout_risk.records.instrument_names": "how instruments and their items are named",
    "dropout_risk.records.lone_dates": "dates far from all others",
    "dropout_risk.records.mapping_shape": "whether a mapping has the form of one",
    "dropout_risk.records.marks": "marks, and what stands in place of one",
    "dropout_risk.records.no_pupils": "rows that are totals or examples",
    "dropout_risk.records.ordinary_week": "the days that a calendar of exceptions leaves out",
    "dropout_risk.records.outside_rows": "rows outside of their pupils' enrolment",
    "dropout_risk.records.other_ids": "a second id of a pupil",
    "dropout_risk.records.place_names": "how classes and schools are named",
    "dropout_risk.records.plausible": "numbers that cannot be meant",
    "dropout_risk.records.refused_rows": "which rows of a pupil could not be used",
    "dropout_risk.records.register_doubts": "what the days of a whole register make doubtful",
    "dropout_risk.records.scale_ranges": "which scores the scales of tests can have",
    "dropout_risk.records.school_declarations": "what days without a row mean, and where outcomes end",
    "dropout_risk.records.school_zone": "the school's own day of a moment",
    "dropout_risk.records.sessions": "one name for each session",
    "dropout_risk.records.spells": "spells of enrolment",
    "dropout_risk.records.totals": "the checks of attendance totals",
    "dropout_risk.records.twin_names": "names that are two spellings of one thing",
    "dropout_risk.records.unknown_codes": "numbers that stand for not known",
    "dropout_risk.records.unused_columns": "the columns of a table that are not used",
    "dropout_risk.records.unused_entries": "entries of a mapping that apply to nothing",
    "dropout_risk.records.word_checks": "words that are doubted",
    "dropout_risk.records.words": "how words are compared, and what they mean",
    "dropout_risk.records.workbooks": "the sheets of a workbook",
    "dropout_risk.scoring.help_column": "suggested help as a column",
    "dropout_risk.scoring.shared_lists": "lists that many pupils share, as a column",
    "dropout_risk.scoring.contract_problems": "what is wrong with a request by the contract",
    "dropout_risk.scoring.coverage": "on how many known days a value rests",
    "dropout_risk.scoring.mark_doubts": "what is doubtful about the marks of a request",
    "dropout_risk.scoring.read_pupils": "scores as a reader reads them",
    "dropout_risk.scoring.refused_notes": "what a score says of refused rows",
    "dropout_risk.scoring.request_schema": "what a request may hold",
    "dropout_risk.scoring.redacted_rows": "rows of scores as a role may read them",
    "dropout_risk.scoring.scope": "of which pupils a reader reads",
    "dropout_risk.watchlist.scores_table": "scores as a table in a file",
    "dropout_risk.tracking.feedback_runs": "feedback on reasons as runs",
    "dropout_risk.modelling.argument_checks": "what a classifier was made with, checked",
    "dropout_risk.modelling.audit_columns": "columns for audit alone, in any spelling",
    "dropout_risk.modelling.given_folds": "folds that a splitter deals",
    "dropout_risk.modelling.row_counts": "how often each row counts",
    "dropout_risk.modelling.school_day_index": "one count of school days for all schools",
    "dropout_risk.scoring.known_of_rows": "what a risk model knows of the rows of its fit",
    "dropout_risk.public_names": "names that a package imports when they are used",
    "dropout_risk.training.plan": "what a training would have",
    "dropout_risk.training.own_model": "a classifier of one's own, judged",
    "dropout_risk.__main__": "the command line by python -m",
    "dropout_risk.scoring.mlflow_model": "the bundle as a model of MLflow",
    "dropout_risk.tracking.open_run": "a run from its begin to its end",
    "dropout_risk.tracking.pyfunc_model": "what MLflow loads of a bundle",
    "dropout_risk.tracking.run_dataset": "the records behind a run as MLflow's data set",
    "dropout_risk.tracking.tracking_store": "which store MLflow's user has chosen",
    "dropout_risk.tracking.open_store": "what is asked of MLflow before a training",
    "dropout_risk.tracking.published": "a bundle that is put into use",
    "dropout_risk.watchlist.reason_notes": "what stands beside a reason's sentence",
    "dropout_risk.client": "a client of the scoring service",
    "dropout_risk.cli.model": "the commands on which model a service answers with",
    "dropout_risk.scoring.model_switch": "which model a running service answers with",
    "serving.stored_pupils": "what is asked of pupils of the store",
    "serving.deploy.is_ready": "whether the service on this machine is ready",
    "serving.deploy.warm_loops": "loops that are compiled while an image is built",
    "serving.following": "an alias that moves the switch",
    "serving.metrics": "what the service counts and measures",
    "serving.logs": "lines of the log, as text or as JSON",
    "serving.observer": "what is asked beside what the model learnt from",
    "serving.trace": "the trace that a request belongs to",
    "serving.prepared": "what the service answers with",
    "serving.shadow": "the challenger, which nobody hears",
    "serving.switching": "how a worker takes up another model",
    "serving.asgi": "the application that uvicorn serves",
    "serving.callers": "whose bodies are arriving, and who makes room",
    "serving.lanes": "the threads that answer",
    "serving.protocol": "one connection, and how long it may wait",
    "serving.run": "the process that keeps the workers alive",
    "dropout_risk.cli.monitor": "the command of the monthly check",
    "dropout_risk.evaluation.transfer": "calibration in other schools and later days",
    "dropout_risk.evaluation.unlike_tests": "groups of the test unlike the training",
    "dropout_risk.modelling.group_profiles": "what groups of the training were like",
    "dropout_risk.monitoring.matured": "scores of past months beside their outcomes",
    "dropout_risk.scoring.unlike_groups": "classes unlike those of the training",
    "dropout_risk.simulate.shocks": "what hits a class or a school at once",
    "dropout_risk.tracking.monitor_runs": "the monthly check in MLflow",
}
"""Rooms added since, each with the noun that it holds; they are counted apart."""
RUNNING = 2_550
"""Lines that running the service, the monthly check, unlike groups and shapes of tables took."""
MOST_NEW_FILES, MOST_NEW_LINES = FILES * 4 // 5, LINES * 2 // 5 + RUNNING
"""A wing, not a second house: with more rooms than four to five old ones, or 40 % of their lines, nobody
walks the whole any more, and old and new are to be put in order together before anything is added."""

WORKING_DAY = (
    *("dropout_risk.casebook", "dropout_risk.desk", "dropout_risk.exchange", "serving.desk"),
    *(f"dropout_risk.cli.{name}" for name in ("working_day", "visits", "exchange", "casebook", "ledgers")),
    *(f"dropout_risk.cli.{name}" for name in ("notices", "learning", "acting", "access")),
    *("dropout_risk.access", "serving.guard", "serving.looks", "serving.asked_scores", "serving.feedback"),
)
"""The packages of the working day and their commands, a house of its own beside the one that scores: its
grants are those by which the service knows its readers."""
MOST_WORKING_DAY_LINES = 18_300


def is_of_working_day(module):
    return module.startswith(WORKING_DAY)


def top_imports(nodes, typing=False):
    """The import statements that run when a module is imported, and those that only a type checker reads."""
    for node in nodes:
        if isinstance(node, ast.If):
            yield from top_imports(node.body, typing or "TYPE_CHECKING" in ast.unparse(node.test))
            yield from top_imports(node.orelse, typing)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", typing) for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from top_imports(ast.iter_child_nodes(node), typing)


def known_module(name):
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def drawn_imports():
    """The graph of imports as pairs (importer, imported): those that run, and those for types alone."""
    runs, types = set(), set()
    for module, file in MODULES.items():
        for name, typing in top_imports(ast.parse(file.read_text(encoding="utf-8")).body):
            imported = known_module(name)
            if imported and imported != module:
                (types if typing else runs).add((module, imported))
    return runs, types - runs


RUNS, TYPES = drawn_imports()


def reachable_from(pairs):
    """For each module all that it leads to."""
    nexts = {module: {two for one, two in pairs if one == module} for module in MODULES}
    reached = {}
    for module in MODULES:
        seen, left = set(), [module]
        while left:
            new = nexts[left.pop()] - seen
            seen |= new
            left += new
        reached[module] = seen
    return reached


def circles(pairs):
    reached = reachable_from(pairs)
    return {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in MODULES
        if module in reached[module]
    }


def through_a_facade(pair):
    return not FACADES.keys().isdisjoint(pair)


def test_no_name_of_a_module_is_given_twice():
    """Of two constants of one name the later one wins for both; functions may have overloads."""
    twice = []
    for module, file in MODULES.items():
        names = Counter(
            name.id
            for statement in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(statement, ast.Assign | ast.AnnAssign)
            for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
            for name in ast.walk(target)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        )
        twice += [(module, name) for name, number in names.items() if number > 1]
    assert twice == []


def test_imports_that_run_make_no_circle():
    assert len(RUNS) > len(MODULES)
    assert circles(RUNS) == set()


def test_imports_for_types_close_a_circle_only_at_a_named_facade():
    assert circles(RUNS | {pair for pair in TYPES if not through_a_facade(pair)}) == set()


@pytest.mark.parametrize("facade", FACADES)
def test_every_named_facade_is_one(facade):
    reached = reachable_from(RUNS | TYPES)

    assert any(facade in pair and pair[0] in reached[pair[1]] for pair in TYPES), "take it off the list"


def test_no_module_is_long():
    lengths = {name: len(file.read_text("utf-8").splitlines()) for name, file in MODULES.items()}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_the_house_as_it_was_put_in_order_does_not_grow():
    old = {
        module: file
        for module, file in MODULES.items()
        if module not in NEW_ROOMS and not is_of_working_day(module)
    }
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in old.values())

    assert (len(old) <= FILES, lines <= LINES) == (True, True), f"{len(old)} files, {lines} lines"


def test_the_working_day_stays_small():
    files = [file for module, file in MODULES.items() if is_of_working_day(module)]

    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= MOST_WORKING_DAY_LINES


def test_the_rooms_added_since_stay_a_wing():
    lines = sum(len(MODULES[module].read_text("utf-8").splitlines()) for module in NEW_ROOMS)

    assert NEW_ROOMS.keys() <= MODULES.keys()
    assert len(NEW_ROOMS) <= MOST_NEW_FILES, f"{len(NEW_ROOMS)} rooms"
    assert lines <= MOST_NEW_LINES, f"{lines} lines"
