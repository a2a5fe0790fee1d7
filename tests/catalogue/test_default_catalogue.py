import json
import math
import re
import subprocess
import sys

import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.factors import BURDENS, FACTORS
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.catalogue.measures import MEASURES, FactorHolds, GapToClass, ScaleScore
from dropout_risk.text import LANGUAGES

CATALOGUE = default_catalogue()
FEATURES = [pytest.param(feature, id=name) for name, feature in CATALOGUE.items()]
CJK = re.compile(r"[\u4e00-\u9fff]")
AUDIT_ONLY = re.compile(r"sex|gender|ethnic|birth|性别|民族|出生")
VERDICT = re.compile(r"diagnos|abnormal|lazy|problem child|will drop out|诊断|异常|懒|差生|问题学生|将辍学")
UNUSED_MEASURES = {
    "PupilFunction": "for what a user registers; it cannot be declared without code",
    "ClassMean": "it lets pupils answer for their neighbours; for groups that differ for good",
}


def values_of(feature):
    low, high = feature.valid_range
    ends = (max(low, -25.0), min(high, 400.0))
    middle = [ends[0] + share * (ends[1] - ends[0]) for share in (0.004, 0.1, 0.37, 0.5, 0.63, 0.9)]
    near_zero = [-1e-9, 0.0, 1e-9, 0.0004, -0.0004]
    return [
        value for value in (*ends, *middle, *near_zero, math.nan) if math.isnan(value) or low <= value <= high
    ]


def texts_of(feature):
    optional = [feature.zero_sentence, feature.negative_sentence]
    required = [feature.label, feature.unit, feature.sentence, feature.missing_sentence]
    return [*required, *(text for text in optional if text is not None)]


def test_at_least_52_features_stand_in_all_four_domains():
    assert len(CATALOGUE) >= 52
    assert {feature.domain for feature in CATALOGUE.values()} == set(DOMAINS)


def test_every_cause_has_a_feature():
    assert {feature.cause for feature in CATALOGUE.values()} == set(CAUSES)


def test_every_measure_is_used_or_has_a_reason_not_to_be():
    used = {type(feature.measure).__name__ for feature in CATALOGUE.values()}

    assert used | set(UNUSED_MEASURES) == set(MEASURES)
    assert not used & set(UNUSED_MEASURES)


@pytest.mark.parametrize("feature", FEATURES)
def test_every_text_is_written_in_both_languages(feature):
    for text in texts_of(feature):
        assert text.zh != text.en
        assert CJK.search(text.zh)
        assert text.en.isascii()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("feature", FEATURES)
def test_every_value_is_told_in_a_clean_sentence(feature, language):
    for value in values_of(feature):
        sentence = feature.describe(value, language)

        assert sentence == sentence.strip()
        assert not re.search(r"[{}<>]|\bnan\b|\binf\b|(?<![A-Z])-\d", sentence), sentence
        assert not sentence.endswith((".", "。"))
        assert bool(CJK.search(sentence)) == (language == "zh")


@pytest.mark.parametrize("feature", FEATURES)
def test_a_missing_value_is_never_told_as_zero(feature):
    low, high = feature.valid_range
    for language in LANGUAGES:
        told = {feature.describe(value, language) for value in (0.0, low, high) if low <= value <= high}
        assert feature.describe(math.nan, language) not in told


@pytest.mark.parametrize("feature", FEATURES)
def test_no_text_is_a_verdict(feature):
    for text in texts_of(feature):
        assert not VERDICT.search(text.en.lower() + text.zh)


@pytest.mark.parametrize("feature", [param for param in FEATURES if param.values[0].valid_range[0] < 0])
def test_values_above_and_below_zero_are_told_apart(feature):
    for language in LANGUAGES:
        assert feature.describe(0.3, language) != feature.describe(-0.3, language)
        assert feature.zero_sentence is not None


def test_percentage_points_are_a_hundred_times_the_value():
    gap = CATALOGUE["score_gap_to_class_year"]

    assert (
        gap.describe(-0.083, "en") == "Mean mark this school year 8.3 points of 100 below the class average"
    )
    assert gap.describe(0.083, "zh") == "本学年平均比全班高8.3分（按满分100计）"


@pytest.mark.parametrize("feature", FEATURES)
def test_a_window_is_named_in_the_feature_and_never_elsewhere(feature):
    ending = re.search(r"_(\d+d|year)$", feature.name)

    assert (ending is None) == (feature.window is None)
    if ending is not None:
        assert ending[1] == ("year" if feature.window == "year" else f"{feature.window}d")


def test_audit_only_columns_are_no_features():
    words = json.dumps(CATALOGUE.to_list(), ensure_ascii=False)

    assert not AUDIT_ONLY.search(words.lower())


@pytest.mark.parametrize(
    "feature", [param for param in FEATURES if param.values[0].source in ("wellbeing", "family")]
)
def test_tests_and_family_are_sensitive(feature):
    assert feature.sensitivity == "sensitive"


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("absence_share_20d", 1),
        ("unexcused_streak", 1),
        ("score_last_200d", -1),
        ("class_z_last_200d", -1),
        ("failing_count_200d", 1),
        ("mht_total", 1),
        ("family_burden_count", 1),
        ("boarding", 0),
        ("absence_trend_10d", 0),
        ("absence_spells_60d", 0),
        ("psych_test_age", 0),
    ],
)
def test_a_direction_is_declared_only_where_it_is_clear(name, direction):
    assert CATALOGUE[name].monotone == direction


def test_gap_to_class_has_the_window_of_what_it_compares():
    for feature in CATALOGUE.values():
        if isinstance(feature.measure, GapToClass):
            assert feature.window == CATALOGUE[feature.measure.feature].window


def test_scale_features_read_known_scales_within_their_range():
    registry = default_instruments()
    for feature in CATALOGUE.values():
        if isinstance(feature.measure, ScaleScore):
            scale = registry[feature.measure.instrument].scales[feature.measure.scale]
            assert feature.valid_range == (scale.low, scale.high)
            assert feature.monotone == (1 if scale.higher_is_worse else -1)


def test_family_features_read_known_factors_and_values():
    for feature in CATALOGUE.values():
        if isinstance(feature.measure, FactorHolds):
            factors = [FACTORS[code] for code in feature.measure.factors]
            assert all(set(feature.measure.values) <= set(factor.values) for factor in factors)
            assert {factor.cause for factor in factors} == {feature.cause}
            assert {factor.burden for factor in factors} == {feature.monotone == 1}


def test_every_burden_has_a_feature_of_its_own():
    read = {
        code
        for item in CATALOGUE.values()
        if isinstance(item.measure, FactorHolds)
        for code in item.measure.factors
    }

    assert set(BURDENS) <= read


def test_the_catalogue_survives_json():
    written = json.dumps(CATALOGUE.to_list())

    assert FeatureCatalogue.from_list(json.loads(written)) == CATALOGUE
    assert FeatureCatalogue.from_list(json.loads(written)).sha == CATALOGUE.sha


def test_the_hash_is_the_same_in_another_process():
    code = "from dropout_risk.catalogue.default import default_catalogue; print(default_catalogue().sha)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert other.stdout.strip() == CATALOGUE.sha


def test_a_changed_word_changes_the_hash():
    first = CATALOGUE.to_list()
    first[0]["label"]["zh"] += "!"

    assert FeatureCatalogue.from_list(first).sha != CATALOGUE.sha
