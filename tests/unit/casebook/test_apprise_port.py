import logging
import socket
import sys

import pytest

from dropout_risk.casebook.notices.apprise_port import ApprisePort
from dropout_risk.casebook.notices.channels import read_channels
from dropout_risk.casebook.notices.ports import REFUSALS, Failed, LinePort, PortByChannel, Sent, Unsure
from dropout_risk.errors import MissingExtraError, NoticeError
from support.notices import local_sink

HIDDEN = "s3cr3t-k3y"


def sent_to(server, path, options=""):
    """What a port says of one message to a path; the address asks apprise to try again three times."""
    address = f"json://{HIDDEN}@127.0.0.1:{server.server_port}/{path}?retry=3&wait=0&rto=0.5&{options}"
    port = ApprisePort({"group": address})
    for server_of in port._senders["group"]:
        server_of.request_rate_per_sec = 0
    return port.send("group", "3 名学生等您处理")


ANSWERS = {
    "ok": (200, b"thanks", 0, Sent()),
    "robot_ok": (200, b'{"errcode": 0, "errmsg": "ok"}', 0, Sent()),
    "robot_refuses": (200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', 0, Failed("refused")),
    "moved": (301, b"", 0, Failed("refused")),
    "thanked_elsewhere": (302, b"", 0, Unsure("unclear")),
    "no_such_page": (404, b"", 0, Failed("refused")),
    "too_many": (429, b"", 0, Failed("refused")),
    "unavailable": (503, b"", 0, Failed("refused")),
    "fault": (500, b"", 0, Unsure("unclear")),
    "gateway": (504, b"", 0, Unsure("unclear")),
    "slow": (200, b"", 1.0, Unsure("timeout")),
    "hangs_up": (None, b"", 0, Unsure("broken_off")),
}


@pytest.mark.parametrize("path", ANSWERS)
def test_what_is_known_of_a_message_follows_from_the_answer_and_it_is_given_once(path):
    with local_sink(**{path: ANSWERS[path][:3]}) as server:
        result = sent_to(server, path)

    assert (result, len(server.got)) == (ANSWERS[path][3], 1)
    assert server.got[0]["message"] == "3 名学生等您处理"


def test_a_failure_that_an_address_declares_to_be_no_matter_is_one():
    with local_sink(no=(404, b"", 0)) as server:
        assert sent_to(server, "no", "optional=yes") == Failed("refused")


@pytest.mark.parametrize(
    "form", ["json://127.0.0.1:{port}/refused", "mailto://127.0.0.1:{port}?from=a@b.cn&to=c@b.cn"]
)
def test_where_nobody_listens_it_failed(form):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = ApprisePort({"group": form.format(port=closed.getsockname()[1])})

        assert port.send("group", "x") == Failed("unreachable")


def test_a_robot_with_a_wrong_key_is_no_success(monkeypatch):
    """WeCom and DingTalk answer 200 to a wrong key; apprise takes that for a success."""
    import requests

    answer = requests.Response()
    answer.status_code, answer._content = 200, b'{"errcode": 93000}'
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda *_, **__: answer)
    port = ApprisePort({"wecom": "wecombot://abc-123", "dingtalk": "dingtalk://abcdefghijkl"})

    assert [port.send(name, "x") for name in ("wecom", "dingtalk")] == [Failed("refused")] * 2


def test_an_unknown_error_within_is_unsure(monkeypatch):
    port = ApprisePort({"group": "json://127.0.0.1"})
    monkeypatch.setattr(port._senders["group"], "notify", lambda **_: 1 / 0)

    assert port.send("group", "x") == Unsure("unclear")


def test_no_address_comes_into_a_log(caplog):
    caplog.set_level(logging.DEBUG)
    with local_sink(ok=(200, b"", 0), fault=(500, b"", 0)) as server:
        for path in ("ok", "fault"):
            sent_to(server, path, f"-key={HIDDEN}")
    port = ApprisePort({"group": f"wecombot://{HIDDEN}", "none": f"nonsense://{HIDDEN}"})

    assert (port.unread, HIDDEN in repr(port)) == (["none"], False)
    assert HIDDEN not in caplog.text
    logging.getLogger("apprise").warning("heard again")
    assert "heard again" in caplog.text


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(MissingExtraError, match=r"dropout-risk\[notify\]"):
        ApprisePort({"group": "json://127.0.0.1"})


# --- The file of channels, and lines ---


def channels_file(tmp_path, text):
    file = tmp_path / "channels.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_channels_lead_to_files_beside_the_file_and_elsewhere(tmp_path):
    port = read_channels(channels_file(tmp_path, '"八年级" = "file:sink.txt"\n"own" = "json://127.0.0.1"\n'))

    assert isinstance(port, PortByChannel)
    assert [port.knows(name) for name in ("八年级", "own", "other")] == [True, True, False]
    assert port.send("八年级", "等您") == Sent()
    assert (tmp_path / "sink.txt").read_text("utf-8") == "八年级\t等您\n"
    assert port.send("other", "x") == Failed("no_server")


def test_files_alone_need_no_apprise(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)

    assert isinstance(read_channels(channels_file(tmp_path, 'a = "file:a.txt"')), LinePort)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no channel"),
        (f'a = "json://x"\na = "json://{HIDDEN}"', "not TOML"),
        (f'a = "nonsense://{HIDDEN}"\nb = "json://{HIDDEN}"', "a: no address that apprise reads"),
        (f'a = ["json://{HIDDEN}"]\nb = ""\nnone = "json://{HIDDEN}"', "3 problem"),
        (f'a = "json://{HIDDEN}"\nb = "json://{HIDDEN}"', "b: another channel has the same address"),
    ],
)
def test_all_that_is_wrong_with_channels_is_said_without_an_address(tmp_path, text, told):
    with pytest.raises(NoticeError, match=told) as refused:
        read_channels(channels_file(tmp_path, text))

    assert HIDDEN not in f"{refused.value!r}{refused.value.__cause__!r}"


def test_a_line_that_cannot_be_begun_failed(tmp_path):
    assert LinePort({"a": tmp_path / "no" / "folder.txt"}).send("a", "x") == Failed("unreachable")


def test_every_reason_is_worded():
    given = {answer[3].why for answer in ANSWERS.values() if not isinstance(answer[3], Sent)}

    assert given < REFUSALS.keys()
