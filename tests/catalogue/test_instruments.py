import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.catalogue.instrument import Cut, Instrument, InstrumentRegistry, Norm, Scale, band_of
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import FeatureDeclarationError, UnknownInstrumentError
from dropout_risk.text import Text

REGISTRY = default_instruments()
SCALES = [(item.code, scale) for item in REGISTRY.values() for scale in item.scales]

PUBLISHED_BANDS = [
    ("MHT", "total", None, {64: 0, 65: 2, 90: 2}),
    ("MHT", "learning_anxiety", None, {3: 0, 7: 0, 8: 2, 15: 2}),
    ("MHT", "loneliness", None, {7: 0, 8: 2}),
    ("MHT", "validity", None, {9: math.nan}),
    ("MSSMHS", "total", None, {1: 0, 1.99: 0, 2: 1, 5: 1}),
    ("MSSMHS", "depression", None, {1.99: 0, 2: 1}),
    ("SDQ", "total", None, {0: 0, 16: 0, 17: 1, 18: 1, 19: 2, 40: 2}),
    ("SDQ", "emotional", None, {3: 0, 4: 1, 5: 2}),
    ("SDQ", "conduct", None, {3: 0, 4: 1, 5: 2}),
    ("SDQ", "hyperactivity", None, {6: 0, 7: 1, 8: 2}),
    ("SDQ", "peer", None, {4: 0, 5: 1, 6: 2}),
    ("SDQ", "prosocial", None, {10: 0, 5: 0, 4: 1, 3: 2, 0: 2}),
    ("SDQ", "total", "sdq-uk-parent", {13: 0, 14: 1, 16: 1, 17: 2}),
    ("SDQ", "total", "sdq-uk-teacher", {11: 0, 12: 1, 15: 1, 16: 2}),
    ("SDQ", "prosocial", "sdq-uk-parent", {2: math.nan}),
    ("SDQ", "total", "sdq-uk-self", {20: math.nan}),
    ("PHQ-9", "total", None, {4: 0, 5: 1, 9: 1, 10: 2, 27: 2}),
    ("PHQ-A", "total", None, {4: 0, 5: 1, 9: 1, 10: 2, 27: 2}),
    ("GAD-7", "total", None, {4: 0, 5: 1, 9: 1, 10: 2, 21: 2}),
    ("SCL-90", "total", "1-5", {160: 0, 161: 1, 450: 1}),
    ("SCL-90", "positives", "1-5", {43: 0, 44: 1}),
    ("SCL-90", "highest_factor", "1-5", {2: 0, 2.1: 1}),
    ("SCL-90", "total", "0-4", {70: 0, 71: 1}),
    ("SCL-90", "highest_factor", "0-4", {0.99: 0, 1: 1}),
    ("SCL-90", "total", None, {161: math.nan}),
]


@pytest.mark.parametrize(("code", "scale", "norm", "bands"), PUBLISHED_BANDS)
def test_bands_follow_the_published_cut_offs(code, scale, norm, bands):
    found = {score: band_of(REGISTRY[code], scale, score, norm) for score in bands}

    np.testing.assert_equal(found, bands)


@pytest.mark.parametrize(("code", "scale"), SCALES)
def test_an_array_has_the_bands_of_its_scores(code, scale):
    for norm in REGISTRY[code].norms:
        scores = np.array([*np.linspace(-3, 460, 200), np.nan])
        one_by_one = [band_of(REGISTRY[code], scale, float(score), norm) for score in scores]

        np.testing.assert_array_equal(band_of(REGISTRY[code], scale, scores, norm), one_by_one)


@given(place=st.sampled_from(SCALES), scores=st.lists(st.floats(0, 450), min_size=2, max_size=2))
def test_a_worse_score_never_has_a_better_band(place, scores):
    code, scale = place
    worse_last = sorted(scores, reverse=not REGISTRY[code].scales[scale].higher_is_worse)
    better, worse = (band_of(REGISTRY[code], scale, score) for score in worse_last)

    assert math.isnan(better) or math.isnan(worse) or better <= worse


@pytest.mark.parametrize("score", [-1, 91, 250, math.nan, math.inf])
def test_an_impossible_or_missing_score_has_no_band(score):
    assert math.isnan(band_of(REGISTRY["MHT"], "total", score))


def test_the_norm_narrows_what_is_possible():
    assert REGISTRY["SCL-90"].range_of("total", "1-5") == (90, 450)
    assert REGISTRY["SCL-90"].range_of("total", "0-4") == (0, 360)
    assert math.isnan(band_of(REGISTRY["SCL-90"], "total", 89, "1-5"))


def test_an_unknown_scale_has_no_range_and_no_band():
    assert math.isnan(band_of(REGISTRY["MHT"], "mood", 5))
    assert all(math.isnan(end) for end in REGISTRY["MHT"].range_of("mood"))


def test_a_validity_score_of_seven_discards_the_test():
    valid = REGISTRY["MHT"].validity.is_valid([0, 6, 7, 10, math.nan])

    assert valid.tolist() == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("code", "item"), [("PHQ-9", "item_9"), ("PHQ-A", "item_9"), ("MHT", "item_85"), ("MHT", "item_97")]
)
def test_critical_items_are_critical_from_the_first_point(code, item):
    assert REGISTRY[code].is_critical(item, [0, 1, 3, math.nan]).tolist() == [False, True, True, False]
    assert not REGISTRY[code].is_critical("total", [27]).any()


def test_unverified_critical_items_say_so():
    sources = {item.scale: item for item in REGISTRY["MHT"].critical}

    assert {item.verified for item in sources.values()} == {False}
    assert {item.source.en for item in sources.values()} == {"from code, not the manual"}


def test_the_items_of_the_mht_are_shared_out_once():
    scales = REGISTRY["MHT"].scales
    items = [item for scale in scales.values() for item in scale.items]

    assert sorted(items) == list(range(1, 101))
    assert scales["validity"].items == (82, 84, 86, 88, 90, 92, 94, 96, 98, 100)
    assert scales["total"].high == sum(
        scales[name].high for name in scales if name not in ("total", "validity")
    )


def test_the_items_of_the_mssmhs_are_shared_out_once():
    scales = REGISTRY["MSSMHS"].scales
    items = [item for scale in scales.values() for item in scale.items]

    assert sorted(items) == list(range(1, 61))
    assert {len(scale.items) for name, scale in scales.items() if name != "total"} == {6}


@pytest.mark.parametrize("spelling", ["PHQ-9", "phq-9", "PHQ9", " phq 9 ", "Phq_9"])
def test_a_code_is_found_in_any_spelling(spelling):
    assert spelling in REGISTRY
    assert REGISTRY[spelling].code == "PHQ-9"


def test_a_chinese_name_is_an_alias():
    assert REGISTRY["中学生心理健康量表"].code == "MSSMHS"


def test_an_unknown_code_names_the_nearest():
    with pytest.raises(UnknownInstrumentError, match="did you mean 'MSSMHS'"):
        REGISTRY["MSSMH"]
    assert REGISTRY.get("CES-D") is None
    assert 7 not in REGISTRY


def test_the_registry_survives_json():
    written = json.dumps(REGISTRY.to_list())

    assert InstrumentRegistry.from_list(json.loads(written)) == REGISTRY


def test_every_problem_of_written_instruments_is_reported():
    data = REGISTRY.to_list()
    data[0]["wording"] = "no"
    data[1]["scales"]["total"]["low"] = "lowest"

    with pytest.raises(FeatureDeclarationError, match=r"wording.*scales\.total\.low"):
        InstrumentRegistry.from_list(data)


def own_instrument(code="own", **changes):
    own = Instrument(
        code=code,
        name=Text(zh="本县问卷", en="county form"),
        version=Text(zh="第1版", en="first"),
        source=Text(zh="本县", en="county"),
        scales={"total": Scale(label=Text(zh="总分", en="total"), low=0, high=10)},
        norms={
            "ours": Norm(
                label=Text(zh="本县", en="county"),
                cuts={"total": Cut(watch=6)},
                source=Text(zh="本县", en="county"),
            )
        },
        default_norm="ours",
    )
    return replace(own, **changes)


def test_a_county_adds_or_replaces_an_instrument_without_touching_the_default():
    more = REGISTRY.with_instruments(own_instrument(), own_instrument("MHT"))

    assert list(more) == [*REGISTRY, "own"]
    assert band_of(more["own"], "total", 6) == 1
    assert more["MHT"].name.en == "county form"
    assert "own" not in default_instruments()


def test_two_instruments_of_one_spelling_are_refused():
    with pytest.raises(FeatureDeclarationError, match="answer to one name"):
        REGISTRY.with_instruments(own_instrument("phq 9"))


@pytest.mark.parametrize(
    "change",
    [
        {"default_norm": "theirs"},
        {
            "norms": {
                "ours": Norm(
                    Text(zh="本县", en="county"), {"totl": Cut(watch=1)}, Text(zh="本县", en="county")
                )
            }
        },
    ],
)
def test_an_instrument_that_contradicts_itself_is_refused(change):
    with pytest.raises(FeatureDeclarationError, match=r"'theirs'|'totl'"):
        own_instrument(**change)


@pytest.mark.parametrize("instrument", [pytest.param(item, id=code) for code, item in REGISTRY.items()])
def test_every_instrument_names_its_edition_and_sources_in_both_languages(instrument):
    texts = [instrument.name, instrument.version, instrument.source, *instrument.notes]
    texts += [norm.source for norm in instrument.norms.values()]

    assert all(text.zh and text.en and text.zh != text.en for text in texts)
