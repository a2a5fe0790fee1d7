"""A PostgreSQL server of our own: in a temporary folder, on a socket in it, gone with the tests."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

from support.machine import postgres_programs

_FAST = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=60"
"""Nobody pulls the plug of the server in a test: what is killed is who writes to it."""


class Server:
    """One that runs; each address that it gives is of a schema of its own, which is as good as a database."""

    def __init__(self, folder):
        self.folder = folder
        self._numbers = count(1)

    def run(self, program, *words):
        """Run a program of the server, as the user postgres where we are root: it refuses root."""
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        command = [Path(postgres_programs(), program), *words]
        subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=True, **as_user)

    def new_url(self):
        """Give the address of an empty book."""
        import psycopg

        schema = f"book_{next(self._numbers)}"
        with psycopg.connect(
            host=str(self.folder), user="book", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"create schema {schema}")
        told = f"host={quote(str(self.folder))}&options={quote(f'-csearch_path={schema}')}"
        return f"postgresql://book@/postgres?{told}"


@contextmanager
def started_server():
    """Start a server, and stop it whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Server(folder)
    try:
        server.run("initdb", "-D", "data", "-A", "trust", "-U", "book", "-E", "UTF8", "--no-locale", "-N")
        server.run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", f"-k {folder} {_FAST}", "start")
        try:
            yield server
        finally:
            server.run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
