import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest
from serving.gate.guard import (
    Guard,
    identity_from_environment,
    is_loopback,
    require_safe_address,
    said_at_start,
)

from dropout_risk.access.access_settings import AccessSettings
from dropout_risk.access.api_keys import make_key
from dropout_risk.access.identity import Asking, Identity, grants_of_claims
from dropout_risk.access.known_people import KnownPeople
from dropout_risk.access.reader import LOCAL_READER
from dropout_risk.access.signed_header import sign_header
from dropout_risk.desk.session_keys import SessionKeys
from dropout_risk.errors import NotAnsweredError, NotSignedInError, SettingsError
from support.issuer import AUDIENCE, ISSUER, Issuer

SECRET, PROXY, DAY = b"s" * 40, b"p" * 40, dt.date(2025, 3, 3)
PEOPLE = "person,role,scope,scope_id,from,until\nt-1,class_teacher,class,s-1/8/1,,2025-06-30\n"


@pytest.fixture
def issuer(tmp_path):
    return Issuer(tmp_path / "jwks.json").add_ec("one")


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)
    return KnownPeople(file)


@pytest.fixture
def settings(tmp_path, issuer):
    (tmp_path / "proxy.key").write_bytes(PROXY)
    file = tmp_path / "access.toml"
    file.write_text(
        f"""sessions = true
[jwt]
keys = "jwks.json"
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
[api_keys]
file = "keys.json"
[proxy]
key = "proxy.key"
"""
    )
    return file


@pytest.fixture
def token(tmp_path):
    file = tmp_path / "keys.json"
    return make_key(file, SECRET, name="roll", role="county", scope="county", until=dt.date(2030, 1, 1))


@pytest.fixture
def identity(settings, token, people):
    keys = SessionKeys(SECRET)

    def person_of(cookie):
        session = keys.session_in(cookie)
        return session and session.person

    told = AccessSettings.read({"DROPOUT_RISK_ACCESS": str(settings)})
    return Identity.of_settings(
        told, secret=SECRET, people=people, person_of_session=person_of, today=lambda: DAY
    )


def by_proxy(person="t-1", nonce="n-1", path="/review"):
    signed = sign_header(PROXY, "GET", path, person, at=int(time.time()), nonce=nonce)
    return Asking("GET", path, {"x-remote-user": person, "x-remote-signature": signed})


def by_bearer(token):
    return Asking("GET", "/review", {"authorization": f"Bearer {token}"})


def test_a_person_is_the_same_reader_by_token_by_proxy_and_by_session(identity, issuer):
    cookie = SessionKeys(SECRET).cookie_for("t-1")
    readers = [
        identity.reader(asking)
        for asking in (by_bearer(issuer.token("one")), by_proxy(), Asking("GET", "/review", {}, cookie))
    ]
    assert readers[0].roles == ("class_teacher",)
    assert readers[0] == readers[1] == readers[2] == identity.people.reader("t-1", DAY)


def test_a_key_has_rights_of_its_own(identity, token):
    assert identity.reader(by_bearer(token)).roles == ("county",)


def test_people_who_have_left_and_people_whom_nobody_knows_may_nothing(identity, issuer, people):
    assert identity.reader(by_proxy("t-9")).roles == ()
    assert people.reader("t-1", dt.date(2025, 7, 1)).roles == ()
    people.file.write_text(PEOPLE.replace("t-1", "t-2"))
    assert identity.reader(by_bearer(issuer.token("one"))).roles == ()


def test_where_people_are_declared_a_token_brings_no_rights(identity, issuer):
    token = issuer.token("one", sub="t-9", grants=["county county"])
    assert identity.reader(by_bearer(token)).roles == ()


def test_where_nobody_declared_people_a_token_brings_its_grants(issuer):
    told = {"DROPOUT_RISK_JWT_KEYS": str(issuer.path), "DROPOUT_RISK_JWT_ISSUER": ISSUER,
            "DROPOUT_RISK_JWT_AUDIENCE": AUDIENCE}  # fmt: skip
    identity = Identity.of_settings(AccessSettings.read(told))
    reader = identity.reader(by_bearer(issuer.token("one", grants=["principal school s-1", "county county"])))
    assert [(grant.role, grant.scope, grant.scope_id) for grant in reader.grants] == [
        ("principal", "school", "s-1"),
        ("county", "county", "*"),
    ]
    assert identity.reader(by_bearer(issuer.token("one"))).roles == ()


@pytest.mark.parametrize(
    "told",
    ["x", 7, None, [7], ["principal"], ["principal school"], ["king county"], ["local county"],
     ["principal planet x"], {"a": 1}],
)  # fmt: skip
def test_grants_that_cannot_be_read_grant_nothing(told):
    assert grants_of_claims({"sub": "t-1", "grants": told}) == ()


@pytest.mark.parametrize(
    "asking",
    [
        Asking("GET", "/review", {}),
        Asking("GET", "/review", {"authorization": "Basic dDp4"}),
        Asking("GET", "/review", {"authorization": "Bearer"}),
        Asking("GET", "/review", {"authorization": "Bearer x.y.z"}),
        Asking("GET", "/review", {"x-remote-user": "t-1"}),
        Asking("GET", "/review", {"x-remote-user": "t-1", "x-remote-signature": ""}),
        Asking("GET", "/review", {"x-remote-user": "t-1", "x-remote-signature": "1;n;aa"}),
        Asking("GET", "/review", {}, "a.forged.cookie"),
    ],
)
def test_whoever_says_nothing_good_is_nobody(identity, asking):
    with pytest.raises(NotSignedInError):
        identity.reader(asking)


def test_a_replayed_header_is_refused(identity):
    asking = by_proxy()
    identity.reader(asking)
    with pytest.raises(NotSignedInError):
        identity.reader(asking)


def test_two_ways_at_once_are_none(identity, token):
    both = Asking("GET", "/review", by_proxy().headers | by_bearer(token).headers)
    with pytest.raises(NotSignedInError):
        identity.reader(both)


@pytest.mark.parametrize("name", ["people.csv", "jwks.json", "keys.json"])
def test_what_cannot_be_looked_up_is_a_503_that_names_no_file(identity, issuer, token, people, name):
    word = token if name == "keys.json" else issuer.token("one")
    identity.reader(by_bearer(word))
    people.file.with_name(name).write_text("broken")
    with pytest.raises(NotAnsweredError) as caught:
        identity.reader(by_bearer(word))
    assert (caught.value.status, name in str(caught.value)) == (503, False)


def test_without_an_identity_everybody_is_the_one_local_reader():
    assert Identity().reader(Asking("GET", "/x", {"authorization": "Bearer x"})) is LOCAL_READER


def test_a_variable_goes_before_the_file(settings):
    told = {"DROPOUT_RISK_ACCESS": str(settings), "DROPOUT_RISK_JWT_ISSUER": "https://other.example",
            "DROPOUT_RISK_JWT_ALGORITHMS": "ES256, RS256", "DROPOUT_RISK_JWT_LEEWAY": "5"}  # fmt: skip
    read = AccessSettings.read(told)
    assert (read.jwt.issuer, read.jwt.algorithms, read.jwt.leeway) == (
        "https://other.example",
        ("ES256", "RS256"),
        5,
    )
    assert read.jwt.keys == settings.parent / "jwks.json"


def test_paths_of_the_file_are_beside_it_and_those_of_variables_are_of_the_working_directory(settings):
    told = {"DROPOUT_RISK_ACCESS": str(settings), "DROPOUT_RISK_PROXY_KEY": "other/proxy.key"}
    read = AccessSettings.read(told)
    assert read.proxy.key == Path("other/proxy.key")
    assert read.api_keys.file == settings.parent / "keys.json"
    absolute = settings.with_name("elsewhere.json")
    settings.write_text(f"[api_keys]\nfile = '{absolute}'")
    assert AccessSettings.read({"DROPOUT_RISK_ACCESS": str(settings)}).api_keys.file == absolute


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[jwt]\nkeyz = 'x'\nleeway = 9000", "jwt.leeway.*jwt.keyz"),
        ("[jwt]\nkeys = 'x'", "without jwt.issuer and jwt.audience"),
        ("[audit]\nurl = 'sqlite:///x'", "without audit.key"),
        ("x = [", "no TOML|not TOML"),
        ("sessions = 'perhaps'", "sessions"),
    ],
)
def test_settings_that_are_wrong_or_said_in_halves_are_refused_with_all_that_is_wrong(tmp_path, text, why):
    file = tmp_path / "access.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=why):
        AccessSettings.read({"DROPOUT_RISK_ACCESS": str(file)})


def test_ways_that_lack_what_they_need_are_refused_together():
    settings = AccessSettings(sessions=True)
    with pytest.raises(SettingsError) as caught:
        Identity.of_settings(settings)
    assert "--secret FILE" in caught.value.hint
    assert "--people FILE" in caught.value.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "school.example", "10.0.0.1"])  # noqa: S104
def test_without_an_identity_no_other_address_is_listened_on(host, identity):
    with pytest.raises(SettingsError, match="loopback"):
        require_safe_address(host, Identity())
    require_safe_address(host, identity)


def test_a_header_that_nobody_signed_goes_with_no_other_address(identity, monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_DESK_HEADER", "X-Remote-User")
    require_safe_address("127.0.0.1", identity)
    with pytest.raises(SettingsError, match="nobody signed"):
        require_safe_address("0.0.0.0", identity)  # noqa: S104


def test_the_day_of_a_demonstration_goes_with_no_other_address(identity, monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_DAY", "2025-03-03")
    require_safe_address("127.0.0.1", identity)
    with pytest.raises(SettingsError, match="DROPOUT_RISK_DAY is for demonstrations"):
        require_safe_address("10.0.0.5", identity)


def test_the_day_of_a_demonstration_makes_no_old_key_and_no_old_grant_good(
    settings, tmp_path, people, issuer, monkeypatch
):
    old = make_key(
        tmp_path / "keys.json", SECRET, name="old", role="county", scope="county", until=dt.date(2025, 3, 4)
    )
    (tmp_path / "secret").write_bytes(SECRET)
    told = {"ACCESS": settings, "DAY": DAY, "DESK_SECRET": tmp_path / "secret", "PEOPLE": people.file}
    for name, value in told.items():
        monkeypatch.setenv(f"DROPOUT_RISK_{name}", str(value))
    identity = identity_from_environment()
    with pytest.raises(NotSignedInError):
        identity.reader(by_bearer(old))
    assert identity.reader(by_bearer(issuer.token("one"))).roles == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_loopback_address_needs_no_identity(host):
    assert is_loopback(host)
    require_safe_address(host, Identity())


def test_the_start_says_who_is_answered(identity, monkeypatch):
    assert said_at_start(Identity()) == (
        "no identity: whoever reaches it is one reader, 'local', and reads replies complete; "
        "no look is written down"
    )
    monkeypatch.setenv("DROPOUT_RISK_REPLY_ROLE", "parent")
    assert "as parent reads them" in said_at_start(Identity())
    assert "tokens, API keys, a proxy's signed header, sessions" in said_at_start(identity)


@pytest.mark.parametrize(("server", "known"), [("127.0.0.1", True), ("10.0.0.4", False), ("::1", True)])
def test_a_service_that_asks_nobody_answers_on_the_loopback_address_alone(server, known):
    """Also where an uvicorn of one's own was told to listen elsewhere."""
    import asyncio

    guard = Guard()
    guard.__dict__["identity"] = Identity()
    scope = {"method": "GET", "path": "/model", "headers": [], "server": (server, 3000)}
    if known:
        assert asyncio.run(guard.reader(scope, "/model")) is LOCAL_READER
    else:
        with pytest.raises(NotAnsweredError):
            asyncio.run(guard.reader(scope, "/model"))


def test_a_header_that_is_given_twice_says_nothing(token, identity):
    import asyncio

    guard = Guard()
    guard.__dict__["identity"] = identity
    name = (b"authorization", f"Bearer {token}".encode())
    scope = {"method": "GET", "path": "/model", "headers": [name], "server": None}
    assert asyncio.run(guard.reader(scope, "/model")).person == "roll"
    with pytest.raises(NotSignedInError):
        asyncio.run(guard.reader(scope | {"headers": [name, name]}, "/model"))


def test_a_signed_header_counts_once_among_all_who_share_what_has_counted(identity, settings, people):
    taken = set()

    def take_once(word, seconds):
        assert seconds >= identity.settings.proxy.window
        return not (word in taken or taken.add(word))

    workers = [
        replace(identity, header=replace(identity.header, _seen={}), take_once=take_once) for _ in range(2)
    ]
    assert workers[0].reader(by_proxy()).person == "t-1"
    with pytest.raises(NotSignedInError):
        workers[1].reader(by_proxy())
    assert workers[1].reader(by_proxy(nonce="n-2")).person == "t-1"


LINKED = {"DROPOUT_RISK_BOOK": "sqlite:///book.db", "DROPOUT_RISK_DESK_SECRET": "desk.secret"}


@pytest.mark.parametrize(
    ("environment", "asks"),
    [
        ({}, False),
        ({"DROPOUT_RISK_BOOK": "sqlite:///book.db"}, False),
        ({"DROPOUT_RISK_DESK_SECRET": "desk.secret"}, False),
        (LINKED, True),
        (LINKED | {"DROPOUT_RISK_DESK_HEADER": "X-Remote-User"}, False),
    ],
)
def test_where_links_let_people_into_a_case_book_nobody_reads_pupils_without_one(environment, asks):
    assert AccessSettings.read(environment).knows_readers == asks
