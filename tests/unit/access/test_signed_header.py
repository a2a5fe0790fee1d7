import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.access.signed_header import SignedHeader, sign_header
from dropout_risk.errors import NotSignedInError, SettingsError

KEY, NOW = b"k" * 32, 1_000_000.0
TOLD = {"method": "GET", "path": "/review/pupil/p-1?lang=en", "person": "t-1"}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def header(clock):
    return SignedHeader(KEY, window=60, now=clock)


def signed(at=NOW, nonce="n-1", key=KEY, **told):
    return sign_header(key, *(TOLD | told).values(), at=int(at), nonce=nonce)


def refused(header, word, **told):
    with pytest.raises(NotSignedInError):
        header.check(*(TOLD | told).values(), word)
    return True


def test_what_the_proxy_signed_says_who_asks(header):
    assert header.check(*TOLD.values(), signed()) == "t-1"


@pytest.mark.parametrize("other", [{"method": "POST"}, {"path": "/review/pupil/p-2"}, {"person": "h-1"}])
def test_a_signature_counts_for_its_own_request_alone(header, other):
    assert refused(header, signed(), **other)


def test_another_key_signs_nothing(header):
    assert refused(header, signed(key=b"x" * 32))


@pytest.mark.parametrize("seconds", [-61, 61, -3600, 3600])
def test_a_clock_that_is_wrong_by_more_than_the_window_signs_nothing(header, seconds):
    assert refused(header, signed(at=NOW + seconds))


def test_the_same_signature_counts_once(header, clock):
    word = signed()
    header.check(*TOLD.values(), word)
    for later in (0, 30, 60, 61, 119, 121, 1000):
        clock.now = NOW + later
        assert refused(header, word)


def test_a_signature_from_a_clock_ahead_counts_once_as_long_as_it_is_good(header, clock):
    word = signed(at=NOW + 60)
    header.check(*TOLD.values(), word)
    for later in (60, 119, 120):
        clock.now = NOW + later
        assert refused(header, word)


def test_nonces_are_forgotten_when_their_time_is_over(header, clock):
    for number in range(100):
        clock.now = NOW + 10 * number
        header.check(*TOLD.values(), signed(at=clock.now, nonce=str(number)))
    assert len(header._seen) < 20


@given(word=st.text(max_size=80))
def test_no_text_whatever_signs_anything(word):
    assert refused(SignedHeader(KEY, now=lambda: NOW), word)


def test_a_short_key_is_refused():
    with pytest.raises(SettingsError, match="31 bytes"):
        SignedHeader(b"k" * 31)


def test_nobody_is_no_person(header):
    assert refused(header, signed(person=""), person="")
