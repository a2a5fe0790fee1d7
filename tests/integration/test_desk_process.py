"""The desk in the service as it is run: mounted where a book is named, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app
from support.desk_town import DAY, GRANTS, MET, Town, held_in
from support.running import running_service

ROOT = Path(__file__).parents[2]


def people_file(path):
    rows = [
        f"{grant.person},{grant.role},{grant.scope},{'' if grant.scope == 'county' else grant.scope_id}"
        for grant in GRANTS
    ]
    path.write_text("\n".join(["person,role,scope,scope_id", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_link_of_the_command_leads_to_a_case_and_a_form_and_leaving_the_file_shuts_both(bundle, tmp_path):
    town = Town(f"sqlite:///{tmp_path}/book.db")
    secret, people = tmp_path / "secret", people_file(tmp_path / "people.csv")
    secret.write_bytes(b"a secret that is long enough for this test")
    keys = town.book.keys.save(tmp_path / "keys")
    printed = (
        CliRunner().invoke(app, ["desk-link", "t-1", "--secret", str(secret), "--url", "http://here/"]).output
    )
    settings = {
        "BOOK": f"sqlite:///{tmp_path}/book.db", "PEOPLE": people, "KEYS": keys, "DESK_SECRET": secret,
        "DAY": DAY.isoformat(),
    }  # fmt: skip
    named = {f"DROPOUT_RISK_{name}": str(value) for name, value in settings.items()}
    with running_service(tmp_path, bundle, **named) as running:
        client = running.client
        assert [client.get(path).status_code for path in ("/desk", "/review", "/catalogue")] == [401] * 3
        entered = client.post(
            "/desk/enter", data={"token": re.search(r"token=(\S+)", printed)[1]}, follow_redirects=True
        )
        assert "今天要做" in entered.text
        path = re.search(r"desk/case/[\w-]+/meet", entered.text)[0]
        form = client.get(f"/{path}")
        fields = held_in(form.text) | MET | {"due": "2025-05-22", "note": "进程里写的"}
        saved = client.post(f"/{path}", data=fields, follow_redirects=True)
        assert (saved.status_code, "已保存" in saved.text, "进程里写的" in saved.text) == (200, True, True)
        people.write_text(people.read_text().replace("t-1,class_teacher", "t-0,class_teacher"))
        os.utime(people, (time.time() + 5, time.time() + 5))
        assert client.get("/desk/today").status_code == 404
        assert "没有可办理的学生" in client.get("/desk").text
        assert client.get("/review").status_code == 403
    assert [word for word in (path.split("/")[2], "t-1", "进程里写的") if word in running.said()] == []


def test_without_a_book_there_is_no_desk_and_nothing_that_it_needs_is_imported(client):
    assert client.get("/desk").status_code == 404
    assert client.post("/desk/enter", data={"token": "x"}).status_code == 404
    held = "[name for name in sys.modules if name.startswith(('sqlalchemy', 'dropout_risk.desk'))]"
    script = f"import serving.service, sys; print({held})"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DROPOUT_RISK")}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=kept, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip().endswith("[]")
