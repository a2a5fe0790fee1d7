"""The first version of the tables: a book of it is marked, and stays as it is."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Change nothing."""
