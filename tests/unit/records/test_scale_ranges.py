import pytest

from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.records.checks.scale_ranges import SCALE_RANGES, ranges_of
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.instrument_names import INSTRUMENT_CODES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import word_key

INSTRUMENTS = default_instruments()
PUPILS = [{"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 7} for n in range(24)]


def sat(scores, instrument="PHQ-9", scale="total", **more):
    rows = [
        {
            "student_id": f"p{n}",
            "date": "2024-10-08",
            "instrument": instrument,
            "scale": scale,
            "score": score,
        }
        | more
        for n, score in enumerate(scores)
    ]
    return SchoolRecords.from_tables(students=PUPILS, wellbeing=rows, today="2025-01-31")


def problems(records):
    return [(p.rule.name, p.column, p.rows) for p in records.check().problems]


def test_the_ranges_are_those_of_the_instruments_of_the_catalogue():
    assert set(SCALE_RANGES) == set(INSTRUMENTS)
    for code, instrument in INSTRUMENTS.items():
        own = SCALE_RANGES[code]
        assert {*own.names} == {*instrument.aliases, instrument.name.zh, instrument.name.en}
        assert set(own.scales) == {word_key(scale) for scale in instrument.scales}
        assert ({*own.named}, own.usual) == ({*instrument.norms}, instrument.default_norm is not None)
        for scale, declared in instrument.scales.items():
            assert own.range_of(scale).whole == (declared.combine in ("sum", "count"))
            for norm in (None, *instrument.norms):
                low, high, _ = own.range_of(scale, norm)
                whole = (declared.low, declared.high)
                ranges = instrument.norms[norm].ranges if norm is not None else {}
                assert (low, high) == ranges.get(scale, whole)


def test_every_instrument_of_the_catalogue_is_known_by_its_code_where_tests_and_items_are_read():
    words = RecordsMapping.of(None).words(TABLES["wellbeing"]["instrument"])
    assert {*INSTRUMENTS} <= {*INSTRUMENT_CODES}
    assert {code: words.word_of(code) for code in INSTRUMENTS} == {code: code for code in INSTRUMENTS}


def test_every_chinese_name_of_a_scale_is_understood():
    words = RecordsMapping.of(None).words(TABLES["wellbeing"]["scale"])
    told = {
        scale.label.zh: (name, words.word_of(scale.label.zh))
        for instrument in INSTRUMENTS.values()
        for name, scale in instrument.scales.items()
    }
    assert all(name == found for name, found in told.values())


@pytest.mark.parametrize("name", ["phq9", "PHQ 9", "ＰＨＱ－９", "长处与困难问卷", "PHQ-9A"])
def test_an_instrument_is_known_by_any_spelling_of_its_name(name):
    assert [rule for rule, *_ in problems(sat([99], name))] == ["score_outside_scale"]


@pytest.mark.parametrize("score", [-1, 28, 99.5])
def test_a_score_that_its_scale_cannot_have_is_named_and_its_row_stays(score):
    records = sat([4, score])

    assert problems(records) == [("score_outside_scale", "score", 1)]
    assert records.table("wellbeing").num_rows == 2


def test_the_ends_of_a_range_lie_within_it():
    assert problems(sat([0, 27])) == []


def test_a_norm_narrows_the_range():
    assert problems(sat([80], "SCL-90")) == [("unknown_meaning", "norm", 1)]
    assert problems(sat([80], "SCL-90", norm="1-5")) == [("score_outside_scale", "score", 1)]


def test_a_single_answer_has_the_range_of_answers():
    assert problems(sat([3], scale="item_9")) == []
    assert problems(sat([4], scale="item_9")) == [("score_outside_scale", "score", 1)]


def test_a_refused_test_may_have_any_score():
    assert problems(sat([-1], valid=False)) == []


def test_nothing_is_said_of_an_instrument_of_the_county():
    assert problems(sat([-3, 400, 0.5], "own 1", "belonging")) == []


@pytest.mark.parametrize(
    "scores",
    [[0.04, 0.09, 0.12], [0.5], [1.2, 3.4, 0, 5.6], [33.0, 40, 7, 55], [*[1] * 20, 2]],
    ids=["hundredth", "one share", "tenth", "percent", "levels"],
)
def test_scores_in_another_unit_are_doubted(scores):
    assert "doubtful_unit" in [rule for rule, *_ in problems(sat(scores))]


@pytest.mark.parametrize(
    ("scores", "instrument", "scale"),
    [
        ([1.5, 2.25, 3.1], "MSSMHS", "total"),
        ([7.5, 9, 12, 3], "PHQ-9", "total"),  # one answer was left out and filled in by the mean
        ([0, 1, 2, 0] * 5, "SDQ", "conduct"),
        ([0] * 24, "PHQ-9", "total"),
    ],
)
def test_scores_that_can_be_are_not_doubted(scores, instrument, scale):
    assert problems(sat(scores, instrument, scale)) == []


def test_swapped_columns_and_scales_that_an_instrument_has_not_are_named():
    assert problems(sat([4, 5], "total", "PHQ-9")) == [("unknown_meaning", "instrument", 2)]
    assert problems(sat([4, 5], "PHQ-9", "lie")) == [("unknown_meaning", "scale", 2)]


def test_ranges_of_tells_nothing_of_an_unknown_name():
    assert ranges_of("") is None
    assert SCALE_RANGES["SDQ"].range_of("lie") is None


@pytest.mark.parametrize("name", ["PHQ9量表", "SDQ-parent", "PHQ", "mht 2023", "中学生心理健康量表（初中）"])
def test_a_name_that_looks_like_a_known_instrument_is_doubted(name):
    assert problems(sat([4], name)) == [("unknown_meaning", "instrument", 1)]


@pytest.mark.parametrize("scale", ["第9题", "题9", "item_09", "Item 9", "第九题", "PHQ9_9", "9"])
def test_an_item_is_known_under_every_spelling_of_its_name(scale):
    assert problems(sat([0, 3], scale=scale)) == []
    assert problems(sat([0, 4], scale=scale)) == [("score_outside_scale", "score", 1)]


def test_an_item_that_an_instrument_has_not_is_named():
    assert problems(sat([0, 3], scale="item_10")) == [("unknown_meaning", "scale", 2)]


@pytest.mark.parametrize(
    "name",
    ["患者健康问卷（9项）", "患者健康问卷（PHQ-9）", "抑郁筛查量表(PHQ-9)", "Patient Health Questionnaire-9"],
)
def test_an_instrument_is_known_by_its_name_and_by_its_code_in_brackets(name):
    assert [rule for rule, *_ in problems(sat([0, 99], name))] == ["score_outside_scale"]
    assert INSTRUMENTS[name].code == "PHQ-9"


@pytest.mark.parametrize("name", ["患者健康问卷", "抑郁筛查PHQ9问卷"])
def test_a_name_that_holds_that_of_an_instrument_is_doubted(name):
    assert problems(sat([4], name)) == [("unknown_meaning", "instrument", 1)]


def test_answers_to_an_item_of_which_none_is_0_are_doubted():
    found = [("doubtful_unit", "score", 12)]

    assert problems(sat([1, 1, 2] * 4, scale="item_9")) == found
    assert problems(sat([1, 1, 2] * 4 + [0], scale="item_9")) == []
    assert problems(sat([1, 1, 2] * 2, scale="item_9")) == []
    assert problems(sat([1, 1, 2] * 4, "SCL-90", "item_15")) == []


@pytest.mark.parametrize("name", ["PHQ-9", "GAD-7"])
def test_low_totals_of_healthy_pupils_are_not_doubted(name):
    assert problems(sat([0, 1, 2, 2, 1, 0] * 4, name)) == []


@pytest.mark.parametrize("score", [1.44, 2.9, 0.5])
def test_a_mean_of_answers_is_doubted_even_alone(score):
    assert problems(sat([score])) == [("doubtful_unit", "score", 1)]
    assert problems(sat([score], "MSSMHS", "anxiety")) == (
        [] if score > 1 else problems(sat([score], "MSSMHS"))
    )


@pytest.mark.parametrize("norm", ["全国", "全国常模", "常模", "national", "National norm", "standard"])
def test_the_national_norm_is_the_standard_one(norm):
    records = sat([80], "MHT", norm=norm)

    assert problems(records) == []
    assert records.table("wellbeing")["norm"].to_pylist() == ["standard"]
    assert problems(sat([8], "SDQ", norm=norm)) == [("unknown_meaning", "norm", 1)]
