import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.access.web_tokens import WebTokens, check_algorithms
from dropout_risk.errors import NotSignedInError, SettingsError
from support.issuer import AUDIENCE, ISSUER, Issuer, encoded, secret_key

PUBLIC = ("RS256", "ES256")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("issuer") / "jwks.json").add_rsa("rsa-1").add_ec("ec-1")


@pytest.fixture(scope="module")
def tokens(issuer):
    return WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=30)


def part(told):
    return encoded(json.dumps(told).encode())


def refused(tokens, token):
    with pytest.raises(NotSignedInError) as caught:
        tokens.claims(token)
    return caught.value.message == "The token is no good."


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_token_of_the_issuer_says_who_asks(tokens, issuer, kid):
    assert tokens.claims(issuer.token(kid))["sub"] == "t-1"


NOW = int(time.time())


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("expired", {"exp": NOW - 60}),
        ("of another audience", {"aud": "another"}),
        ("of several audiences", {"aud": [AUDIENCE, "another"]}),
        ("of no audience", {"aud": None}),
        ("of another issuer", {"iss": "https://other.example"}),
        ("of no issuer", {"iss": None}),
        ("without an end", {"exp": None}),
        ("without a beginning", {"iat": None}),
        ("of nobody", {"sub": None}),
        ("of an empty name", {"sub": ""}),
        ("issued by a clock that is an hour ahead", {"iat": NOW + 3600, "exp": NOW + 7200}),
        ("that is not good yet", {"nbf": NOW + 3600}),
        ("whose end is a word", {"exp": "tomorrow"}),
    ],
)
def test_no_token_gets_in_that_is(tokens, issuer, name, claims):
    assert refused(tokens, issuer.token("rsa-1", **claims)), name


def test_clocks_may_differ_by_the_leeway_and_no_more(tokens, issuer):
    assert tokens.claims(issuer.token("rsa-1", exp=int(time.time()) - 10))["sub"] == "t-1"
    assert refused(tokens, issuer.token("rsa-1", exp=int(time.time()) - 40))


def test_a_token_without_a_signature_is_refused_whatever_it_calls_that(tokens, issuer):
    _, claims, _ = issuer.token("rsa-1").split(".")
    for name in ("none", "None", "NONE", "", None):
        assert refused(tokens, f"{part({'alg': name, 'kid': 'rsa-1'})}.{claims}.")


def test_a_public_key_is_never_taken_for_a_secret(tokens, issuer):
    """Whoever has the public key signs with its bytes as if they were a shared secret."""
    _, claims, _ = issuer.token("rsa-1").split(".")
    for secret in (issuer.public_pem("rsa-1"), json.dumps(issuer.told[0]).encode()):
        signed = f"{part({'alg': 'HS256', 'kid': 'rsa-1', 'typ': 'JWT'})}.{claims}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        assert refused(tokens, f"{signed}.{encoded(mac)}")


def test_a_key_counts_for_its_own_algorithm_alone(tokens, issuer):
    key, _ = issuer.private["rsa-1"]
    told = {"sub": "t-1", "iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300}
    assert refused(tokens, jwt.encode(told, key, "RS512", headers={"kid": "rsa-1"}))
    assert refused(tokens, issuer.token("ec-1", headers={"kid": "rsa-1"}))


def test_a_token_of_an_unknown_key_or_of_none_is_refused(tokens, issuer):
    assert refused(tokens, issuer.token("rsa-1", headers={"kid": "rsa-9"}))
    assert refused(tokens, issuer.token("rsa-1", headers={"kid": None}))


def test_a_token_that_brings_its_own_key_is_refused(tokens, issuer, tmp_path):
    other = Issuer(tmp_path / "other.json").add_rsa("rsa-1")
    assert refused(tokens, other.token("rsa-1", headers={"jwk": other.told[0]}))
    assert refused(tokens, other.token("rsa-1"))


def test_a_new_key_counts_at_once_and_one_that_is_gone_no_more(tmp_path):
    issuer = Issuer(tmp_path / "jwks.json").add_ec("old")
    tokens = WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=0)
    early = issuer.token("old")
    issuer.add_ec("new")
    assert (tokens.claims(early)["sub"], tokens.claims(issuer.token("new"))["sub"]) == ("t-1", "t-1")
    issuer.forget("old")
    assert refused(tokens, early)
    assert tokens.claims(issuer.token("new"))["sub"] == "t-1"


def test_keys_that_cannot_be_read_any_more_let_nobody_in(tmp_path):
    issuer = Issuer(tmp_path / "jwks.json").add_ec("one")
    tokens = WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=0)
    issuer.path.write_text('{"keys": [')
    with pytest.raises(SettingsError):
        tokens.claims(issuer.token("one"))
    issuer.path.unlink()
    with pytest.raises(SettingsError):
        tokens.claims(issuer.token("one"))


@pytest.mark.parametrize(
    ("keys", "algorithms", "why"),
    [
        ([secret_key("a", 31)], ("HS256",), "is too short"),
        ([secret_key("a")], PUBLIC, "is for HS256"),
        ([{"kty": "oct", "alg": "HS256", "k": encoded(b"s" * 32)}], ("HS256",), "has no kid"),
        ([secret_key("a"), secret_key("a")], ("HS256",), "has the kid of another"),
        ([secret_key("a") | {"use": "enc"}], ("HS256",), "is not for signatures"),
        ([{"kty": "RSA"}], PUBLIC, "cannot be read"),
        (["x"], PUBLIC, "cannot be read"),
        ([], PUBLIC, "has no key"),
    ],
)
def test_a_file_of_keys_is_refused_with_what_is_wrong_and_no_key(tmp_path, keys, algorithms, why):
    issuer = Issuer(tmp_path / "jwks.json").publish(keys)
    with pytest.raises(SettingsError, match=why) as caught:
        WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, algorithms, leeway=0)
    assert encoded(b"s" * 30) not in str(caught.value)


def test_a_short_rsa_key_is_refused(tmp_path):
    issuer = Issuer(tmp_path / "jwks.json").add_rsa("rsa-1", bits=1024)
    with pytest.raises(SettingsError, match="is too short"):
        WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=0)


@pytest.mark.parametrize(
    "names", [(), ("none",), ("RS256", "HS256"), ("ES256", "none"), ("HS384", "EdDSA"), ("x",)]
)
def test_algorithms_that_cannot_stand_together_are_refused(names):
    with pytest.raises(SettingsError):
        check_algorithms(names)


def test_a_shared_secret_of_32_bytes_signs_where_secrets_stand_alone(tmp_path):
    issuer = Issuer(tmp_path / "jwks.json").publish([secret_key("s-1")])
    issuer.private["s-1"] = (b"s" * 32, "HS256")
    tokens = WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, ("HS256",), leeway=0)
    assert tokens.claims(issuer.token("s-1"))["sub"] == "t-1"


@pytest.fixture(scope="module")
def token(issuer):
    return issuer.token("ec-1")


@settings(max_examples=200)
@given(data=st.data())
def test_a_token_of_which_any_character_is_another_gets_nobody_in(tokens, token, data):
    index = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.").filter(lambda letter: letter != token[index]))
    forged = token[:index] + other + token[index + 1 :]
    if decoded(forged) != decoded(token):
        assert refused(tokens, forged)


def decoded(token):
    """What the parts of a token hold: the last letter of a part has bits that nobody reads."""
    try:
        return [base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)) for word in token.split(".")]
    except ValueError:
        return None


@given(token=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))))
def test_no_text_whatever_is_more_than_refused(tokens, token):
    assert refused(tokens, token)


@pytest.mark.parametrize("name", ["t-1\u200b", "t-1\x00", "t-1\n", "\ud800", "t" * 241])
def test_nobody_has_a_name_that_the_audit_would_write_as_anothers(tokens, issuer, name):
    assert refused(tokens, issuer.token("rsa-1", sub=name))


def test_a_token_that_is_endless_is_not_read(tokens, issuer):
    assert refused(tokens, issuer.token("rsa-1", more="x" * 9000))


def test_a_token_that_was_good_is_refused_when_its_end_has_come(issuer, monkeypatch):
    tokens = WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=30)
    token = issuer.token("ec-1")
    assert tokens.claims(token) == tokens.claims(token)
    monkeypatch.setattr("dropout_risk.access.web_tokens.time.time", lambda: NOW + 10_000)
    assert refused(tokens, token)


def test_tokens_that_were_good_are_kept_within_bounds(issuer, monkeypatch):
    monkeypatch.setattr("dropout_risk.access.web_tokens.MOST_KEPT", 3)
    tokens = WebTokens.of_file(issuer.path, ISSUER, AUDIENCE, PUBLIC, leeway=30)
    for number in range(10):
        tokens.claims(issuer.token("ec-1", jti=str(number)))
    assert len(tokens._good) <= 3
