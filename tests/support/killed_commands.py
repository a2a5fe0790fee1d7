"""``dropout-risk morning`` and a form's post over HTTP, each in a process that is killed again and again.

``python killed_commands.py morning KILLS STORE BUNDLE BOOK DAY...`` runs the command of each day until so
many were killed, then lets it end; ``python killed_commands.py post KILLS BOOK KEYS`` sends forms to a
server, each again until it is answered. Every life is a fork, so that it costs no new start of Python; half
of the kills come at any moment, the others just after the book was first written to. Both print how many
lives were killed.
"""

import os
import random
import re
import signal
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITING = 0.02
"""About how many seconds a transaction takes once it has written its first page."""


def forked(life):
    child = os.fork()
    if child == 0:
        try:
            life()
        except BaseException as error:
            if not isinstance(error, SystemExit) or error.code:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        os._exit(0)
    return child


def has_ended(child):
    """Say whether a life ended by itself; an error ends all."""
    number, status = os.waitpid(child, os.WNOHANG)
    if number and status:
        sys.exit("a life ended with an error")
    return bool(number)


def killed_in_time(child, book, chance, seconds):
    """Kill a life at a moment, or when it has begun to write; say whether it had not ended before."""
    is_late, before = chance.random() < 0.5, state_of_log(book)
    ends = time.monotonic() + (60 if is_late else chance.uniform(0, seconds))
    while time.monotonic() < ends:
        if has_ended(child):
            return False
        if is_late and state_of_log(book) != before:
            is_late, ends = False, time.monotonic() + chance.uniform(0, WRITING)
        time.sleep(0.0005)
    if has_ended(child):
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def state_of_log(book):
    """Give what changes when anybody writes to a book."""
    log = Path(f"{book}-wal")
    return (log.stat().st_size, log.stat().st_mtime_ns) if log.exists() else None


def run_mornings(kills, store, bundle, book, *days):
    from dropout_risk.cli import app

    chance, killed, seconds = random.Random(7), 0, 2.0
    for number, day in enumerate(days, start=1):
        words = ["morning", store, "--model", bundle, "--book", f"sqlite:///{book}", "--day", day]
        more = kills * number // len(days)
        while killed < more:
            before = files_of(book)
            begun, child = time.monotonic(), forked(lambda words=words: app(words))
            if killed_in_time(child, book, chance, 0.6 * seconds):
                killed += 1
            else:
                seconds = time.monotonic() - begun
                put_back(book, before)
        child = forked(lambda words=words: app(words))
        while not has_ended(child):
            time.sleep(0.01)
    return killed


def files_of(book):
    """Give the bytes of a book's files while nobody has it open."""
    return {path: path.read_bytes() for path in Path(book).parent.glob(f"{Path(book).name}*")}


def put_back(book, before):
    """Let a life that ended by itself not have been, so that the next may be killed."""
    for path in files_of(book).keys() - before.keys():
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)


def serve_desk(held, book, keys):
    """Serve the town's forms, as the service mounts them."""
    import uvicorn
    from serving.desk import DeskRoom, desk_routes
    from starlette.applications import Starlette

    from dropout_risk.access.reader import LOCAL_READER
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.notes import NoteKeys
    from dropout_risk.casebook.people import People
    from dropout_risk.desk.session_keys import SessionKeys
    from support.desk_town import DAY, GRANTS, SECRET

    opened = Book.open(f"sqlite:///{book}", keys=NoteKeys.load(keys), create=False)
    room = DeskRoom(opened, SessionKeys(SECRET), day=DAY)
    room._current_people = lambda: People(GRANTS)
    routes = Starlette(routes=desk_routes(lambda: room))

    async def mounted(scope, receive, send):
        if scope["type"] == "http":
            scope["state"] = {"rest": scope["path"].removeprefix("/desk").lstrip("/"), "reader": LOCAL_READER}
            scope = scope | {"path": "/desk", "raw_path": b"/desk"}
        await routes(scope, receive, send)

    config = uvicorn.Config(mounted, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[held])


def post_forms(kills, book, keys):
    """Send a contact, kill the server, send the same to the next server; then the next contact."""
    import httpx

    from dropout_risk.desk.session_keys import SessionKeys
    from support.desk_town import MET, SECRET, held_in

    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    here, chance = f"http://127.0.0.1:{held.getsockname()[1]}", random.Random(7)
    cookies = {"desk": SessionKeys(SECRET).cookie_for("t-1")}

    def client():
        return httpx.Client(base_url=here, cookies=cookies, timeout=60, follow_redirects=True)

    def serve():
        serve_desk(held, book, keys)

    child = forked(serve)
    try:
        with client() as asking:
            path = "/" + re.findall(r"desk/case/[\w-]+/meet", asking.get("/desk/today").text)[0]
        for number in range(kills):
            with client() as asking:
                fields = (
                    held_in(asking.get(path).text) | MET | {"due": "2025-05-22", "note": f"contact {number}"}
                )
                request = asking.build_request("POST", path, data=fields)
            sent = socket.create_connection(held.getsockname())
            sent.sendall(raw_request(request))
            if not killed_in_time(child, book, chance, WRITING):
                sys.exit("the server ended")
            sent.close()
            child = forked(serve)
            with client() as asking:
                answer = asking.post(path, data=fields)
            if answer.status_code != 200 or not re.search("已保存|已经保存过", answer.text):
                said = re.sub(r"\s+|<[^>]+>", " ", answer.text)[-900:]
                sys.exit(f"contact {number}: {answer.status_code} {answer.url} {answer.history} {said}")
    finally:
        os.kill(child, signal.SIGKILL)
    return kills


def raw_request(request):
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode() + request.read()


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "tests")]
    what, number, *words = sys.argv[1:]
    print({"morning": run_mornings, "post": post_forms}[what](int(number), *words))
