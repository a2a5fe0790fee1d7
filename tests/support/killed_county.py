"""Live through a county's weeks in a process that is killed again and again, without a warning.

``python killed_county.py KILLS SEED KEYS URL...`` takes one book after the other until enough were killed.
The work is done in forks, so that a new life costs no new start of Python. It prints how many were killed in
each book.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PUPILS, DAYS = 40, 8


def live_on(seed, keys, url):
    """What a life does: open the book, go on where it stands."""
    from dropout_risk.casebook.notes import NoteKeys
    from support.casebook_county import County, open_book

    County(seed, pupils=PUPILS).resume(open_book(url, NoteKeys.load(keys)), DAYS)


def end_of_life(seed, keys, url, seconds):
    """Fork, and kill the fork after some seconds; say whether it had not finished by itself."""
    child = os.fork()
    if child == 0:
        try:
            live_on(seed, keys, url)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        sys.exit("a life ended with an error")
    return os.WIFSIGNALED(status)


def killed_often(kills, seed, keys, urls):
    """Kill until there were enough; the last book is lived through to its end. Give the kills by book."""
    chance, counted = random.Random(seed), []
    for number, url in enumerate(urls):
        counted.append(0)
        while sum(counted) < kills and end_of_life(seed + number, keys, url, chance.uniform(0, 0.25)):
            counted[-1] += 1
        live_on(seed + number, keys, url)
        if sum(counted) >= kills:
            break
    return counted


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    import support.casebook_county  # noqa: F401 - before the forks, not in each of them

    print(*killed_often(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
