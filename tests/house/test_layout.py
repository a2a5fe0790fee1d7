"""The house stays one that can be walked: no circle among imports, no long file, no more files and lines."""

import ast
from collections import Counter

import pytest

from house.modules import MODULES, ROOT

LONGEST, LARGEST, LINES = 700, 20, 95_700
"""Lines of a module, modules of a room, lines of the whole house."""
FACADES = {
    "dropout_risk.histories.histories": "gives the Snapshot that is made of it",
    "dropout_risk.evaluation.report": "is handed whole to its tables, its panels and the rules of publishing",
    "dropout_risk.evaluation.result": "gives the measured rows that baselines and sections are made from",
    "dropout_risk.evaluation.trained_model": "is handed whole to every section of the report",
    "dropout_risk.watchlist.watch_list": "is handed whole to its table",
}
"""The modules whose types their own parts may name, and why: only through them may typing close a circle."""


WORKING_DAY = (
    *("dropout_risk.casebook", "dropout_risk.desk", "dropout_risk.exchange", "serving.desk"),
    *(f"dropout_risk.cli.{name}" for name in ("working_day", "visits", "exchange", "casebook", "ledgers")),
    *(f"dropout_risk.cli.{name}" for name in ("notices", "learning", "acting", "access")),
    *(
        "dropout_risk.access",
        "serving.gate.guard",
        "serving.gate.looks",
        "serving.answers.asked_scores",
        "serving.answers.feedback",
    ),
)
"""The packages of the working day and their commands, a house of its own beside the one that scores: its
grants are those by which the service knows its readers."""
MOST_WORKING_DAY_LINES = 18_340


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


def test_no_room_holds_more_than_one_remembers():
    """A room with more than some twenty files is two rooms; the code bases we admire have four to eleven."""
    rooms = Counter(file.parent for file in MODULES.values() if file.name != "__init__.py")

    assert {room.name: files for room, files in rooms.items() if files > LARGEST} == {}


ROOMS = sorted({file.parent for file in MODULES.values()})


def test_every_room_says_what_it_holds():
    said = {
        room.name: ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) for room in ROOMS
    }

    assert [room for room, holds in said.items() if not holds] == []


def test_the_page_of_the_house_tells_every_room_within_a_room_as_it_tells_itself():
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8").lower()
    for room in ROOMS:
        if room.parent in ROOMS and room.parent.name != "dropout_risk":
            holds = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))
            row = f"| `{room.parent.name}/{room.name}` | {holds.splitlines()[0].rstrip('.')} |"
            assert row.lower() in page


def test_the_house_does_not_grow_unnoticed():
    """Who needs more lines raises the cap, and looks first at what could go."""
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in MODULES.values())

    assert lines <= LINES, f"{lines} lines"


def test_the_working_day_stays_small():
    files = [file for module, file in MODULES.items() if is_of_working_day(module)]

    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= MOST_WORKING_DAY_LINES
