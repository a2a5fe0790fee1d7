"""What the page on notices shows runs as it stands there."""

import re
from pathlib import Path

from dropout_risk.casebook.notices.channels import read_channels
from dropout_risk.settings import NoticeSettings, Settings

PAGE = (Path(__file__).parents[2] / "docs/how-to/notices.md").read_text(encoding="utf-8")


def block(language, title=""):
    return re.search(rf"```{language}{title}\n(.*?)```", PAGE, flags=re.DOTALL)[1]


def test_the_channels_and_the_settings_of_the_page_are_read_and_the_settings_are_the_defaults(tmp_path):
    for name in ("channels", "settings"):
        text = block("toml", f' title="{name}.toml"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    assert read_channels(tmp_path / "channels.toml").knows("八年级组")
    read = Settings.from_toml(tmp_path / "settings.toml").notices
    assert read.model_copy(update={"link": ""}) == NoticeSettings()


def test_the_letter_of_the_page_is_released_and_then_wrong(capsys):
    exec(block("python"), {})  # noqa: S102

    assert capsys.readouterr().out.startswith(
        "wrong 家长您好：\n我们2025年9月5日的信说您的孩子9月1日没有到校"
    )
