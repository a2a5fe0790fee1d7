"""The supervisor replaces workers that die, but not for ever, and its port is had or refused in words."""

import socket
import threading
from collections import deque

import pytest
from serving import run
from serving.run import CANNOT_START, GAVE_UP, MOST_DEATHS, Supervisor, listen_on

from dropout_risk.errors import SettingsError


class DeadWorker:
    started = 0

    def __init__(self, *_):
        self.pid, self.exitcode, self.process = 1, -9, self

    def is_alive(self):
        return False

    def start(self):
        DeadWorker.started += 1

    def kill(self):
        pass

    join = kill


@pytest.fixture
def supervisor(monkeypatch):
    monkeypatch.setattr(run, "Process", DeadWorker)
    monkeypatch.setattr(DeadWorker, "started", 0)
    made = object.__new__(Supervisor)
    made.config = type("Config", (), {"timeout_worker_healthcheck": 1})
    made.sockets, made.processes = [], [DeadWorker()]
    made.should_exit, made.deaths, made.silent, made.exit_code = threading.Event(), deque(), {}, 0
    return made


def test_a_worker_that_dies_is_replaced_until_it_has_died_too_often(supervisor):
    for _ in range(MOST_DEATHS - 1):
        supervisor.keep_subprocess_alive()
    assert (DeadWorker.started, supervisor.should_exit.is_set()) == (MOST_DEATHS - 1, False)
    supervisor.keep_subprocess_alive()
    assert (supervisor.exit_code, supervisor.should_exit.is_set()) == (GAVE_UP, True)
    assert DeadWorker.started == MOST_DEATHS - 1


def test_deaths_far_apart_are_forgotten(supervisor, monkeypatch):
    clock = iter(range(0, 100 * run.WITHIN, run.WITHIN))
    monkeypatch.setattr(run, "monotonic", lambda: next(clock))
    for _ in range(5 * MOST_DEATHS):
        supervisor.keep_subprocess_alive()
    assert supervisor.exit_code == 0


def test_a_worker_that_cannot_start_is_not_started_again(supervisor):
    supervisor.processes[0].exitcode = CANNOT_START
    supervisor.keep_subprocess_alive()
    assert (supervisor.exit_code, DeadWorker.started) == (CANNOT_START, 0)


class SilentWorker(DeadWorker):
    def is_alive(self):
        return True

    def ping(self, timeout):
        return False


def test_a_worker_is_given_time_before_its_silence_counts_as_death(supervisor, monkeypatch):
    supervisor.processes, supervisor.config.timeout_worker_healthcheck = [SilentWorker()], 60
    clock = iter([0, 30, 70, 71])
    monkeypatch.setattr(run, "monotonic", lambda: next(clock, 71))
    supervisor.keep_subprocess_alive()
    assert DeadWorker.started == 0
    supervisor.keep_subprocess_alive()
    assert DeadWorker.started == 1


def test_a_taken_port_is_refused_by_name_with_the_way_out():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(
            SettingsError, match=f"Port {port} of 127.0.0.1 cannot be had: another process"
        ) as said:
            listen_on("127.0.0.1", port)
    assert "--port" in said.value.hint


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 99_999), ("203.0.113.1", 3000), ("no such host", 3000)]
)
def test_a_port_that_does_not_exist_here_is_refused(host, port):
    with pytest.raises(SettingsError, match=f"Port {port} of {host} cannot be had"):
        listen_on(host, port)
