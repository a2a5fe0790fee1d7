"""The demo speaks the language that is asked for."""

import re

import pytest

from dropout_risk.cli.demo import CONTENTS, OPEN_PAGES, SHORTENED, STEPS

SPOKEN = [*STEPS.values(), *CONTENTS.values(), OPEN_PAGES, SHORTENED]
NAMES = {"MLflow", "Parquet", "request", "json", "students"}


@pytest.mark.parametrize("text", SPOKEN)
def test_what_a_chinese_demo_says_is_chinese(text):
    assert set(re.findall(r"[A-Za-z]+", text.zh)) <= NAMES
    assert re.search(r"[\u4e00-\u9fff]", text.zh)
    assert not re.search(r"[\u4e00-\u9fff]", text.en)
