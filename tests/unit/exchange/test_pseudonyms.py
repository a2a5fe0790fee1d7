"""Pseudonyms are keyed and the same for any spelling of a number; the key lies apart and is private."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import OutputError, SettingsError
from dropout_risk.exchange.pseudonyms import LEAST_BYTES, Pseudonyms, holds_identity, make_key
from support.exchanged import NUMBER

KEY = Pseudonyms(b"0123456789abcdef" * 2)


def test_a_new_key_is_random_private_and_never_replaced(tmp_path):
    one, other = make_key(tmp_path / "a.key"), make_key(tmp_path / "b.key")

    assert one.read_bytes() != other.read_bytes()
    assert len(one.read_bytes().strip()) >= LEAST_BYTES
    assert not stat.S_IMODE(one.stat().st_mode) & 0o077
    assert Pseudonyms.from_file(one, tmp_path / "records").key is not None
    with pytest.raises(OutputError, match="there already"):
        make_key(one)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 31 + b"\n", b"a" * 64])
def test_a_key_that_is_short_or_no_random_one_is_refused(tmp_path, content):
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(SettingsError, match="too short or no random one"):
        Pseudonyms.from_file(path)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = make_key(tmp_path / "k")
    path.chmod(0o644)

    with pytest.raises(SettingsError, match="Others may read"):
        Pseudonyms.from_file(path)


@pytest.mark.parametrize(("mode", "is_ours"), [(0o440, True), (0o444, False), (0o460, False)])
def test_a_key_that_a_cluster_hands_to_our_group_is_for_us_alone(tmp_path, monkeypatch, mode, is_ours):
    """Kubernetes mounts secrets as root's, and lets the group of the pod read them."""
    path = make_key(tmp_path / "k")
    path.chmod(mode)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    if is_ours:
        assert Pseudonyms.from_file(path).key
    else:
        with pytest.raises(SettingsError, match="Others may read"):
            Pseudonyms.from_file(path)


def test_a_key_beside_the_records_or_nowhere_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="beside what it protects"):
        Pseudonyms.from_file(make_key(tmp_path / "records" / "k"), tmp_path / "records")
    with pytest.raises(SettingsError, match="cannot be read"):
        Pseudonyms.from_file(tmp_path / "none")


def test_one_number_has_one_pseudonym_however_it_is_written():
    ways = (
        NUMBER,
        NUMBER.lower(),
        f"G{NUMBER}",
        f" {NUMBER[:6]} {NUMBER[6:]}",
        "１" + NUMBER[1:],
        f"'{NUMBER}",
    )

    assert len({KEY.of_id(way) for way in ways}) == 1
    assert Pseudonyms(b"another key of thirty-two bytes!").of_id(NUMBER) != KEY.of_id(NUMBER)


@given(st.from_regex(r"\d{6}20[01]\d(0[1-9]|1[0-2])(0[1-9]|1\d)\d{3}[\dX]", fullmatch=True))
def test_a_pseudonym_says_nothing_of_its_number(number):
    name = KEY.of_id(number)

    assert holds_identity(number)
    assert not holds_identity(name)
    assert not any(number[k : k + 5] in name for k in range(14))
    assert name[:1] == "p"


def test_a_key_is_shown_by_no_representation():
    assert "0123" not in repr(KEY) + str(KEY)
