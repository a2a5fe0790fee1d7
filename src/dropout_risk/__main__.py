"""``python -m dropout_risk``: the command line."""

from dropout_risk.cli import app

if __name__ == "__main__":
    app(prog_name="python -m dropout_risk")
