"""The table of rights to addresses as a page has it: ``python -m dropout_risk.access.access_page PAGE``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from dropout_risk.access.access_settings import AccessSettings, variables_of_access
from dropout_risk.access.route_rights import rights_rows
from dropout_risk.casebook.rights import rights_table
from dropout_risk.files import write_whole
from dropout_risk.text import Language

_HEAD = """# Who may see what of the service

Written by `python -m dropout_risk.access.access_page docs/reference/access.md`; `dropout-risk access`
prints the table. What is not in it is denied. Of several roles a score is read in the strongest for its
pupil, and a page of `/review` in the one that `?role=` names, else in the one that sees most.
[How readers are known](../how-to/identity.md).

"""
_CASES = """
## Who may do what with a case

Asked by the desk and by every command that takes a person. A case of the
counsellors' line is psychology in all of its parts.

"""
_SETTINGS = """
## Settings

Tables and fields of the file that `serve --access FILE` names; a variable goes before the file.

| in the file | variable | what it says | default |
|---|---|---|---|
"""


def rights_lines(language: Language) -> list[str]:
    """Give the table as lines: an address and a role each, what it gets, and of whom.

    >>> rights_lines("en")[0]
    '| address | role | gets | of whom |'
    """
    heads = ("地址", "角色", "可得到", "范围") if language == "zh" else ("address", "role", "gets", "of whom")
    return _table_lines([heads, *rights_rows(language)])


def _table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *others = rows
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *others)]


def settings_lines() -> list[str]:
    """Give the settings of access as lines of a table."""
    lines = []
    for variable, path in variables_of_access().items():
        *tables, name = path
        table: Any = reduce(getattr, tables, AccessSettings())
        field, default = type(table).model_fields[name], getattr(table, name)
        said = ", ".join(default) if isinstance(default, tuple) else "" if default is None else str(default)
        lines.append(f"| `{'.'.join(path)}` | `{variable}` | {field.description} | {said or 'off'} |")
    return lines


def access_page() -> str:
    """Write the page."""
    cases = _table_lines(rights_table("en"))
    parts = ((_HEAD, rights_lines("en")), (_CASES, cases), (_SETTINGS, settings_lines()))
    return "".join(head + "\n".join(lines) + "\n" for head, lines in parts)


if __name__ == "__main__":
    write_whole(Path(sys.argv[1]), access_page())
