import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.notices.notice import Notice, cut_bytes
from dropout_risk.errors import SettingsError
from dropout_risk.settings import NoticeSettings, Settings

NOTICE = Notice("group", 3, 5, {})
LINKED = NoticeSettings(link="https://desk.example/today")


def test_a_notice_is_two_counts_and_a_link():
    assert NOTICE.text(LINKED, "zh") == "3 名学生等您处理，最久已等 5 个上学日 https://desk.example/today"
    assert NOTICE.text(LINKED, "en") == (
        "3 pupil(s) wait for you, the longest for 5 school day(s) https://desk.example/today"
    )
    assert NOTICE.text(NoticeSettings(), "zh") == "3 名学生等您处理，最久已等 5 个上学日"


@given(st.text(max_size=60), st.integers(3, 200))
def test_a_cut_text_is_short_enough_and_ends_between_two_characters(text, most):
    cut = cut_bytes(text, most)

    assert len(cut.encode()) <= most
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    assert cut == text or len(text.encode()) > most


def test_a_long_wording_is_cut_by_bytes_and_not_by_characters():
    settings = NoticeSettings(text={"zh": "等" * 3000, "en": "x"})

    assert len(NOTICE.text(settings, "zh").encode()) in range(2046, 2049)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": {"zh": "{pupil}", "en": "x"}},
        {"text": {"zh": "{n", "en": "x"}},
        {"text": {"zh": "{0}", "en": "x"}},
        {"link": "two words"},
        {"zone": "Nowhere/Town"},
        {"zone": "../etc"},
        {"most_tries": 0},
        {"backoff_minutes": True},
        {"quiet_from": "25:00"},
    ],
)
def test_settings_that_no_notice_can_follow_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"notices.{next(iter(wrong))}"):
        Settings(notices=wrong)


def test_settings_are_read_from_toml(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[notices]\nquiet_from = 20:30:00\nquiet_until = "06:00"\nlink = "https://x.example"\n')

    read = Settings.from_toml(file).notices

    assert (f"{read.quiet_from:%H:%M}", f"{read.quiet_until:%H:%M}") == ("20:30", "06:00")
