"""The second version: since when the register has a pupil back; ``met`` and ``moved`` mean something else."""

import sqlalchemy as sa
from alembic import op

from dropout_risk.casebook.book import folded_cases, read_cases
from dropout_risk.casebook.tables import CASE

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the column, and fold ``met`` and ``moved`` anew; what else differs, the laws name."""
    connection = op.get_bind()
    if "present_since" not in {column["name"] for column in sa.inspect(connection).get_columns("standing")}:
        op.add_column("standing", sa.Column("present_since", sa.Date()))
    made, _ = folded_cases(connection)
    for case in read_cases(connection):
        new = made.get(case.id, case)
        if (case.met, case.moved) != (new.met, new.moved):
            told = CASE.update().where(CASE.c.id == case.id)
            connection.execute(told.values(met=new.met, moved=new.moved))
