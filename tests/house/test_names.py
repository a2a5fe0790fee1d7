"""A function of a module says by its name what it is about: a verb alone, or an adjective, does not."""

import ast
import re

from house.modules import MODULES, ROOT

LIBRARY_ROOMS = sorted({module.split(".")[1] for module in MODULES if module.count(".") > 1})

WHOLE_NAMES = {
    "casebook.migrations.v1.upgrade": "alembic calls it so",
    "casebook.migrations.v2.upgrade": "alembic calls it so",
    "cli.*": "a command is called as it is typed",
    "casebook.rights.may": "reads as a sentence with its arguments",
    "errors.nearest": "the word that was meant, for a hint",
    "histories.fingerprint.fingerprint": "a noun, public",
    "kernels.blocks": "a noun, public",
    "kernels.kernel": "a decorator, named for what it makes",
    "kernels.prefetch": "its noun is the work that it is handed",
    "modelling.calibration.recalibrate": "a public name; a calibration is its object",
    "serving.asgi.app": "the name that a server of ASGI is told",
    "training.plan.plan": "a public name; records are its object",
    "scoring.changes.change.change": "a noun, public",
    "scoring.readers.redaction.redact": "a public name; scores are its object",
    "spark.scoring.features": "a noun, public",
    "spark.scoring.score": "a public name; a model's whole work",
    "training.train.train": "a public name; a model's whole making",
}
"""Functions of one word, each with why it is enough; ``cli.*`` stands for all of that package."""


def one_word_functions():
    """The module functions whose name is one word, dunder methods of modules left out."""
    for module, file in MODULES.items():
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                name = statement.name
                if not name.startswith("__") and "_" not in name.strip("_"):
                    yield f"{module}.{name}".removeprefix("dropout_risk.")


def test_a_module_function_is_named_by_more_than_one_word():
    commands = {name for name in one_word_functions() if name.startswith("cli.") and "._" not in name}
    found = set(one_word_functions()) - commands

    assert found - WHOLE_NAMES.keys() == set(), "give the name its noun"


def test_every_whole_name_is_still_there():
    assert WHOLE_NAMES.keys() - {"cli.*"} <= set(one_word_functions()), "take it off the list"


def test_every_public_name_is_given_from_the_module_that_holds_it():
    import dropout_risk

    assert [name for name in dropout_risk.__all__ if not hasattr(dropout_risk, name)] == []


_ROOM = "|".join(LIBRARY_ROOMS)
TOLD_NAME = re.compile(rf"(?:`~?|from )(?:dropout_risk\.)?((?:{_ROOM})(?:\.[A-Za-z_]\w*){{2,}})")
OF_SPARK = ("spark.python.", "spark.executor")
"""How settings begin that are Spark's own."""


def names_told_in(text):
    """The dotted names of the library in a text, of three parts and more: as code, or imported from."""
    return {name for name in TOLD_NAME.findall(text) if not name.startswith(OF_SPARK)}


def is_there(name):
    """Whether a name is a module, or something that the module of its first parts has a word for."""
    parts = ["dropout_risk", *name.split(".")]
    cut = next(cut for cut in range(len(parts), 0, -1) if ".".join(parts[:cut]) in MODULES)
    text = MODULES[".".join(parts[:cut])].read_text("utf-8")
    return all(re.search(rf"\b{word}\b", text) for word in parts[cut:])


def test_every_name_that_documents_and_docstrings_tell_is_there():
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *MODULES.values()]
    told = {(file.name, name) for file in files for name in names_told_in(file.read_text("utf-8"))}

    assert len(told) > 300
    assert sorted(where for where in told if not is_there(where[1])) == [], "the room has moved"
