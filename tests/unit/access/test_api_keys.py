import datetime as dt
import stat

import pytest

from dropout_risk.access.api_keys import ApiKeys, make_key, read_keys, revoke_key
from dropout_risk.errors import DropoutRiskError, NotSignedInError, SettingsError

SECRET, DAY = b"a secret of the service, long enough", dt.date(2025, 3, 3)
UNTIL = dt.date(2025, 9, 1)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def made(file, name="roll", role="county", scope="county", **more):
    return make_key(file, SECRET, name=name, role=role, scope=scope, until=UNTIL, **more)


def test_a_key_is_256_random_bits_of_which_the_file_has_a_keyed_hash_alone(file):
    one, two = made(file), made(file, "other")
    secrets = [token.split("_", 2)[2] for token in (one, two)]
    text = file.read_text()
    assert all(len(secret) == 43 for secret in secrets)
    assert secrets[0] != secrets[1]
    assert not any(secret in text for secret in secrets)
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_a_key_says_who_asks_and_as_what(file):
    token = made(file, role="principal", scope="school", scope_id="s-1")
    (grant,) = ApiKeys.of_file(file, SECRET).reader(token, DAY).grants
    assert (grant.person, grant.role, grant.scope, grant.scope_id) == ("roll", "principal", "school", "s-1")


def test_a_key_that_is_changed_of_another_secret_or_too_old_is_refused(file):
    token = made(file)
    keys = ApiKeys.of_file(file, SECRET)
    for bad in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
        "drk_x_y",
        "drk_",
        "",
        token[:16],
    ):
        with pytest.raises(NotSignedInError):
            keys.reader(bad, DAY)
    with pytest.raises(NotSignedInError):
        ApiKeys.of_file(file, SECRET + b"!").reader(token, DAY)
    with pytest.raises(NotSignedInError):
        keys.reader(token, UNTIL)
    assert keys.reader(token, UNTIL - dt.timedelta(days=1)).person == "roll"


def test_a_key_that_is_taken_back_is_no_good_from_the_next_request(file):
    token, other = made(file), made(file, "other")
    keys = ApiKeys.of_file(file, SECRET)
    assert keys.reader(token, DAY).person == "roll"
    revoke_key(file, "roll")
    with pytest.raises(NotSignedInError):
        keys.reader(token, DAY)
    assert keys.reader(other, DAY).person == "other"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "roll"},
        {"role": "kounty"},
        {"role": "local"},
        {"scope": "planet"},
        {"role": "principal", "scope": "school"},
    ],
)
def test_a_key_that_cannot_be_is_refused_and_the_file_stays(file, wrong):
    made(file)
    before = file.read_bytes()
    with pytest.raises(DropoutRiskError):
        made(file, **({"name": "new"} | wrong))
    assert file.read_bytes() == before


def test_taking_back_what_is_not_there_names_what_is(file):
    made(file)
    with pytest.raises(SettingsError, match="did you mean 'roll'"):
        revoke_key(file, "rol")
    assert [key.name for key in read_keys(file).values()] == ["roll"]


@pytest.mark.parametrize("text", ["", "{}", '{"keys": [{}]}', '{"keys": 1}', "[]"])
def test_a_file_that_holds_no_keys_is_refused(file, text):
    file.write_text(text)
    with pytest.raises(SettingsError):
        ApiKeys.of_file(file, SECRET)
