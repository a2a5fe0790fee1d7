import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.catalogue.alert_kinds import CRITICAL_ITEM, MARKS_FALL
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.errors import FeatureInputError, SettingsError, UnknownRoleError
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.changes.change import Change
from dropout_risk.scoring.changes.what_if import WhatIf
from dropout_risk.scoring.readers.reader import ALSO_LOWERS, ALSO_RAISES, Folded, Reader
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.readers.roles import ROLES, SPEAKS, Role
from dropout_risk.scoring.remarks.abstention import MOVES, FactSwings, labels_of_facts
from dropout_risk.scoring.scores import NOT_FOR_ROLE, PupilScore, RowError, Scores
from dropout_risk.text import Text
from support.lists import fact

AS_OF = "2025-06-02"
HIDING = [name for name, role in ROLES.items() if role.hidden]
DAY = dt.date(2025, 5, 30)


@pytest.fixture(scope="module")
def scores(risk_model):
    return risk_model.score(dr.simulate_district(n_students=450, seed=6), AS_OF, language="en")


def told(pupil):
    return [*pupil.raising, *pupil.lowering]


# --- the sum ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(ROLES))
def test_the_sum_still_holds_for_every_role(risk_model, scores, role):
    for pupil in risk_model.redact(scores, role).pupils:
        parts = sum(reason.contribution for reason in told(pupil)) + pupil.other
        assert pupil.base_log_odds + parts == pytest.approx(pupil.log_odds, abs=1e-9)
        for sums in (pupil.domains, pupil.causes):
            assert sum(sums.values()) == pytest.approx(pupil.log_odds - pupil.base_log_odds, abs=1e-9)


def test_who_sees_everything_gets_the_scores_as_they_are(risk_model, scores):
    assert list(risk_model.redact(scores, "counsellor").pupils) == list(scores.pupils)


def test_a_parent_reads_numbers_of_attendance_words_of_grades_and_no_rank(risk_model, scores):
    redacted = risk_model.redact(scores, "parent").pupils
    open_numbers = [set(pupil.domains) for pupil in redacted]
    speaking = [abs(pupil.domains["grades"]) >= SPEAKS for pupil in scores.pupils]

    assert {reason.domain for pupil in redacted for reason in told(pupil)} == {"attendance"}
    assert [names == {"attendance", "other"} for names in open_numbers] == speaking
    assert sum(speaking) > len(redacted) / 2
    assert any("Marks" in text for pupil in redacted for text in pupil.warnings)
    assert all(pupil.rank_in_school is None and not pupil.alerts for pupil in redacted)


def test_a_class_teacher_keeps_the_words_of_the_domain_that_is_folded_with_tests(risk_model, scores):
    found = 0
    for complete, pupil in zip(scores.pupils, risk_model.redact(scores, "class_teacher").pupils, strict=True):
        marks = [reason.text for reason in told(complete) if reason.domain == "grades"]
        assert all(text in " ".join(pupil.warnings) for text in marks)
        assert "grades" not in {reason.domain for reason in told(pupil)}
        found += len(marks)
    assert found > 5


def test_a_class_teacher_keeps_the_numbers_of_attendance_of_nearly_everybody(risk_model, scores):
    redacted = risk_model.redact(scores, "class_teacher").pupils

    assert sum("attendance" in pupil.domains for pupil in redacted) > 0.95 * len(redacted)


def test_an_auditor_reads_everything_but_whose_it_is(risk_model, scores):
    redacted = risk_model.redact(scores, "auditor").pupils

    assert [pupil.student_id for pupil in redacted] == list(range(len(scores)))
    assert {(pupil.class_id, pupil.responsible_id) for pupil in redacted} == {(None, None)}
    assert sorted(str(pupil.domains) for pupil in redacted) == sorted(str(p.domains) for p in scores.pupils)


def test_the_place_of_a_pupil_without_a_name_is_not_its_place_in_the_list_of_names(risk_model, scores):
    redacted = risk_model.redact(scores, "auditor").pupils
    same = [one.risk == other.risk for one, other in zip(redacted, scores.pupils, strict=True)]

    assert np.mean(same) < 0.05


def test_the_order_of_pupils_without_names_does_not_depend_on_the_order_of_those_with_names(
    risk_model, scores
):
    turned = dataclasses.replace(scores, pupils=tuple(reversed(scores.pupils)))

    assert risk_model.redact(turned, "auditor").pupils == risk_model.redact(scores, "auditor").pupils


def test_an_error_without_a_name_has_no_place_in_the_list_of_names(risk_model, scores):
    errors = tuple(RowError(place, f"p-{place}", "DR108", "grades[0].score", "A score") for place in (7, 3))
    redacted = risk_model.redact(dataclasses.replace(scores, errors=errors), "auditor").errors

    assert [(error.index, error.student_id) for error in redacted] == [(0, None), (1, None)]


# --- attacks ------------------------------------------------------------------------------------------


def numbers(result):
    """Every number of a reply, by where it stands; reasons by feature and side."""
    found = {"one": 1.0}

    def walk(value, path):
        if isinstance(value, dict):
            for key, part in value.items():
                walk(part, f"{path}.{key}")
        elif isinstance(value, list):
            found[f"{path}.number"] = float(len(value))
            for place, part in enumerate(value):
                walk(
                    part,
                    f"{path}.{part['feature'] if isinstance(part, dict) and 'feature' in part else place}",
                )
        elif isinstance(value, (int, float)):
            found[path] = float(value)

    walk(result, "")
    return found


def sums(result):
    """What an attacker would combine: the whole, and every sum that is told."""
    found = {name: result[name] for name in ("log_odds", "base_log_odds", "risk", "other", "other_points")}
    for name in ("domains", "causes"):
        found |= {f"{name}.{part}": size for part, size in result[name].items()}
    for reason in (*result["raising"], *result["lowering"]):
        for size in ("contribution", "points"):
            name = f"{reason['domain']}.{size}"
            found[name] = found.get(name, 0.0) + reason[size]
    return found | {"one": 1.0}


def attacked(results, secret):
    """Fit the secret to the numbers of every second reply; give the errors on the others, and R squared."""
    rows = [sums(result) for result in results]
    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    table /= np.abs(table).max(axis=0).clip(min=1e-12)
    fit = table[1::2] @ np.linalg.lstsq(table[::2], secret[::2], rcond=None)[0]
    errors = np.abs(fit - secret[1::2])
    return errors, 1 - (errors**2).mean() / secret[1::2].var()


def folding_one(pupil, domain):
    """The redaction that must not be: one domain folded, everything else left as it is."""
    result = pupil.to_dict()
    away = [reason for reason in told(pupil) if reason.domain == domain]
    result["other"] += sum(reason.contribution for reason in away)
    for side in ("raising", "lowering"):
        result[side] = [reason for reason in result[side] if reason["domain"] != domain]
    result["domains"] = {name: size for name, size in pupil.domains.items() if name != domain}
    return result | {"causes": {}}


@pytest.mark.parametrize("role", ["class_teacher", "parent", "community_worker"])
def test_what_is_fitted_to_half_of_the_replies_does_not_tell_a_hidden_domain_of_the_others(
    risk_model, scores, role
):
    results = [pupil.to_dict() for pupil in risk_model.redact(scores, role).pupils]
    secret = secret_of(scores)
    errors, r_squared = attacked(results, secret)
    without_a_reply = np.abs(secret[1::2] - secret[::2].mean())

    assert r_squared < 0.5
    assert np.mean(errors < SPEAKS) < np.mean(without_a_reply < SPEAKS) + 0.05


def test_the_attack_finds_a_domain_that_is_folded_alone(scores):
    errors, _ = attacked([folding_one(pupil, "psychology") for pupil in scores.pupils], secret_of(scores))

    assert errors.max() < 1e-7


def secret_of(scores):
    return np.array([pupil.domains["psychology"] for pupil in scores.pupils])


@pytest.fixture(scope="module")
def a_quarter_earlier(risk_model):
    """The same pupils a quarter earlier."""
    return risk_model.score(dr.simulate_district(n_students=450, seed=6), "2025-03-03", language="en")


@pytest.mark.parametrize("role", ["class_teacher", "parent", "community_worker"])
def test_two_scores_of_a_pupil_a_quarter_apart_seldom_tell_how_a_hidden_domain_changed(
    risk_model, scores, a_quarter_earlier, role
):
    """The companion moves; over days without new marks it does not, and nothing but hiding the risk helps."""
    now, then = ({pupil.student_id: pupil for pupil in given.pupils} for given in (scores, a_quarter_earlier))
    told_now, told_then = (
        {pupil.student_id: pupil for pupil in risk_model.redact(given, role).pupils}
        for given in (scores, a_quarter_earlier)
    )
    both = [
        name
        for name in now.keys() & then.keys()
        if abs(now[name].domains["psychology"] - then[name].domains["psychology"]) >= SPEAKS
    ]
    secret = [now[name].domains["psychology"] - then[name].domains["psychology"] for name in both]
    guess = [told_now[name].domains["other"] - told_then[name].domains["other"] for name in both]

    near = np.abs(np.array(guess) - secret) < SPEAKS
    assert len(both) > 10
    assert near.mean() < 0.35


CAUSES_OF = {
    "psychology": "wellbeing",
    "family": "family",
    "grades": "learning",
    "attendance": "disengagement",
}


def twin(pupil, role, size):
    """A pupil of whom a hidden domain tells more by some size, and the one folded with it less."""
    folded = role.folds(pupil.domains)
    domains, causes = dict(pupil.domains), dict(pupil.causes)
    for domain, more in ((folded[0], size), (folded[-1], -size)):
        domains[domain] += more
        causes[CAUSES_OF[domain]] += more
    return (
        dataclasses.replace(pupil, domains=domains, causes=causes) if role.folds(domains) == folded else None
    )


@pytest.mark.parametrize("role", ["class_teacher", "parent", "community_worker"])
def test_pupils_who_differ_only_within_what_is_folded_get_the_same_reply(risk_model, scores, role):
    compared = 0
    for pupil, size in zip(scores.pupils[:40], [-0.7, 0.3] * 20, strict=True):
        other = twin(pupil, ROLES[role], size)
        if other is None:
            continue
        replies = [risk_model.redact(item, role, language="en").to_dict() for item in (pupil, other)]
        assert numbers(replies[0]) == pytest.approx(numbers(replies[1]), abs=1e-12)
        for name in ("missing", "warnings", "alerts", "suggested_help"):
            assert replies[0][name] == replies[1][name]
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("role", HIDING)
def test_nothing_that_is_written_names_a_hidden_domain(risk_model, scores, role):
    hidden = ROLES[role].hidden
    names = [item.name for item in risk_model.catalogue.values() if item.domain in hidden]
    labels = [DOMAINS[domain].en for domain in hidden]
    written = json.dumps([pupil.to_dict() for pupil in risk_model.redact(scores, role).pupils], default=str)

    assert not [name for name in (*names, *labels) if f'"{name}"' in written or f"{name}:" in written]


def of_reasons(text):
    """Whether a warning words folded reasons, which are chosen by their sizes."""
    starts = [
        said.to(language).split("{")[0] for said in (ALSO_RAISES, ALSO_LOWERS) for language in ("zh", "en")
    ]
    return text.startswith(tuple(starts))


@pytest.fixture(scope="module")
def tested_or_not(risk_model):
    """Scores of pupils with tests, and of the same without, by a model that never saw any value missing."""
    likely = risk_model.calibrated.likely
    seen = dataclasses.replace(likely, kept=np.ones_like(likely.kept))
    calibrated = dataclasses.replace(risk_model.calibrated, likely=seen)
    model = dataclasses.replace(risk_model, calibrated=calibrated, swings=FactSwings({}))
    records = dr.simulate_district(n_students=60, seed=6)
    tested = dr.build_features(records, dr.Cohort.on(records, AS_OF), risk_model.catalogue)
    psychology = [item.name for item in model.catalogue.values() if item.domain == "psychology"]
    tested = tested[tested[psychology].notna().any(axis=1)].copy()
    assert len(tested) > 10
    tests = tested[psychology]
    tested[psychology] = tests.fillna(tests.median()).fillna(1.0)
    untested = tested.assign(**dict.fromkeys(psychology, np.nan))
    return [
        (model.score_features(tested, language=language), model.score_features(untested, language=language))
        for language in ("zh", "en")
    ]


@pytest.mark.parametrize("role", [name for name in HIDING if "psychology" in ROLES[name].hidden])
@pytest.mark.parametrize("with_catalogue", [True, False])
def test_whether_there_was_a_test_changes_no_byte_of_what_is_missing_or_warned_of(
    risk_model, tested_or_not, role, with_catalogue
):
    catalogue = risk_model.catalogue if with_catalogue else None
    for pair in tested_or_not:
        for given in (lambda scores: scores, Scores.to_dict):
            read = [redact(given(scores), role, catalogue=catalogue) for scores in pair]
            replies = [item if isinstance(item, dict) else item.to_dict() for item in read]
            told = [
                [
                    (row["missing"], [text for text in row["warnings"] if not of_reasons(text)])
                    for row in reply["results"]
                ]
                for reply in replies
            ]
            assert told[0] == told[1]
            assert any(warnings for _, warnings in told[0])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_only_who_reads_tests_is_advised_to_fetch_one(language):
    texts = [
        MOVES.fill(language, fact=label.to(language), now="3%", low="0.9%", high="12%")
        for label in labels_of_facts(default_catalogue()).values()
    ]
    assert len(texts) > 4
    assert Reader(ROLES["counsellor"], None, language).open_warnings(texts) == tuple(texts)
    told = Reader(ROLES["class_teacher"], None, language).open_warnings(texts)
    assert len(told) == len(texts) - 1
    assert not any("well-being" in text or "心理" in text for text in told)


def test_who_reads_tests_is_told_that_likely_values_stand_in_for_one(tested_or_not):
    for told, untold in tested_or_not:
        pairs = list(zip(told.pupils, untold.pupils, strict=True))
        assert all(set(before.warnings) <= set(now.warnings) for before, now in pairs)
        assert any(before.warnings != now.warnings for before, now in pairs)
        assert all(before.missing != now.missing for before, now in pairs)


def test_what_is_missing_of_a_hidden_domain_is_not_told(risk_model, scores):
    tests = {
        item.missing_sentence.en for item in risk_model.catalogue.values() if item.domain == "psychology"
    }
    hidden = [text for pupil in scores.pupils for text in pupil.missing if text in tests]
    redacted = [text for pupil in risk_model.redact(scores, "parent").pupils for text in pupil.missing]

    assert hidden
    assert not [text for text in redacted if text.split(" (")[0] in tests]
    assert not [text for text in redacted if text.startswith(("Well-being", "Family", "No family"))]


# --- alerts, help, errors -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(ROLES.values()), ids=list(ROLES))
def test_an_error_in_a_row_is_open_to_those_who_see_the_domain_of_its_table(role):
    reader = Reader(role, dr.default_catalogue(), "en")
    for name, table in TABLES.items():
        is_open = not role.hidden or table.domain in role.sees
        assert reader.sees_field(f"{name}[3].recorded_on") == is_open


@pytest.mark.parametrize("field", ["confiscations[0].date", "confiscations[12].recorded_on"])
def test_a_table_that_nobody_has_heard_of_is_closed_to_every_role_that_does_not_see_all(field):
    readers = {name: Reader(role, dr.default_catalogue(), "en") for name, role in ROLES.items()}
    closed = {name for name, reader in readers.items() if not reader.sees_field(field)}

    assert closed == set(HIDING)


def test_a_pupils_own_columns_are_open_but_for_those_of_a_hidden_domain():
    parent = Reader(ROLES["parent"], dr.default_catalogue(), "en")

    assert [name for name in TABLES["students"].names if not parent.sees_field(name)] == [
        "boarding", "distance_km",
    ]  # fmt: skip


def alert(rule):
    return Alert(rule, DAY, rule, "class_teacher")


def with_parts(pupil, **parts):
    return dataclasses.replace(pupil, **parts)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("parent", []),
        ("community_worker", ["absent_3_days"]),
        ("county", ["absent_3_days", MARKS_FALL]),
        ("class_teacher", ["absent_3_days", MARKS_FALL]),
        ("counsellor", ["absent_3_days", MARKS_FALL, CRITICAL_ITEM]),
    ],
)
def test_an_alert_is_told_to_who_sees_all_that_it_reads(risk_model, scores, role, expected):
    given = with_parts(
        scores.pupils[0], alerts=tuple(map(alert, ("absent_3_days", MARKS_FALL, CRITICAL_ITEM)))
    )

    assert [item.rule for item in risk_model.redact(given, role).alerts] == expected


def test_who_is_no_staff_gets_no_alert_and_no_rank_even_if_it_sees_every_domain(risk_model, scores):
    outsider = Role("researcher", Text(zh="研究者", en="Researcher"), tuple(DOMAINS), staff=False)
    facts = (fact("suspected_dropout"), fact("low_income"))
    given = with_parts(scores.pupils[0], alerts=(alert(CRITICAL_ITEM),), facts=facts)
    redacted = risk_model.redact(given, outsider)

    assert (redacted.alerts, redacted.rank_in_school) == ((), None)
    assert {item.name for item in redacted.facts} == {"low_income"}
    assert redacted.domains == given.domains | {"other": 0.0}


def test_help_that_is_suggested_for_something_hidden_only_is_left_out(risk_model, scores):
    pupil = scores.pupils[0]
    helps = (
        Help("financial_aid", ("low_income",), "aid"),
        Help("tutoring", ("low_income", "no_core_subject_passed"), "lessons"),
        Help("counselling", ("test_at_cut_off",), "talk"),
    )
    given = with_parts(pupil, suggested_help=helps)

    def told(role):
        return [(item.kind, item.because) for item in risk_model.redact(given, role).suggested_help]

    assert told("parent") == [("tutoring", ("no_core_subject_passed",))]
    assert [kind for kind, _ in told("class_teacher")] == ["financial_aid", "tutoring"]
    assert told("counsellor") == [(item.kind, item.because) for item in helps]


@pytest.mark.parametrize(
    ("role", "read"),
    [
        ("counsellor", {"low_income", "suspected_dropout", "test_at_cut_off", "last_mark"}),
        ("class_teacher", {"low_income", "suspected_dropout", "last_mark"}),
        ("township", {"low_income", "suspected_dropout"}),
        ("parent", {"last_mark"}),
    ],
)
def test_a_role_reads_the_facts_of_the_domains_that_it_sees_in_a_score_and_in_a_reply(
    risk_model, scores, role, read
):
    names = ("low_income", "suspected_dropout", "test_at_cut_off", "last_mark")
    given = dataclasses.replace(scores, pupils=(with_parts(scores.pupils[0], facts=tuple(map(fact, names))),))

    told = risk_model.redact(given, role).pupils[0].facts
    assert {item.name for item in told} == read
    reply = risk_model.redact(given.to_dict(), role)["results"][0]["facts"]
    assert reply == [item.to_dict() for item in told]


def test_warnings_that_count_hidden_rows_are_left_out(risk_model, scores):
    stale = "The last attendance record is 40 days old"
    given = with_parts(scores.pupils[0], warnings=("3 row(s) were not used, see errors", stale))

    told_now = risk_model.redact(given, "parent", language="en").warnings

    assert told_now[0] == stale
    assert all("no number is shown" in text for text in told_now[1:])


def test_an_error_about_hidden_rows_names_nothing_and_still_accounts_for_its_pupil(risk_model, scores):
    errors = (
        RowError(0, "p-x", "DR203", "mht_total", "mht_total lies outside [0, 90]", "check the unit"),
        RowError(1, scores.pupils[0].student_id, "DR108", "wellbeing[0].score", "A score", ""),
        RowError(2, "p-y", "DR108", "grades[0].score", "A score lies above max_score", ""),
    )
    redacted = risk_model.redact(dataclasses.replace(scores, errors=errors), "parent").errors

    assert [(error.index, error.code, error.field) for error in redacted] == [
        (0, NOT_FOR_ROLE, ""), (2, "DR108", "grades[0].score"),
    ]  # fmt: skip


# --- forms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["class_teacher", "parent", "auditor"])
def test_a_reply_is_redacted_as_the_scores_are(risk_model, scores, role):
    given = json.loads(json.dumps(scores.to_dict()))
    redacted = redact(given, role, catalogue=risk_model.catalogue, language="en")

    assert redacted == json.loads(json.dumps(risk_model.redact(scores, role).to_dict()))


def test_a_field_that_a_reply_has_and_nobody_knows_is_dropped(risk_model, scores):
    given = scores.pupils[0].to_dict() | {"mht_total": 70}

    assert "mht_total" not in redact(given, "parent")


@pytest.mark.parametrize("role", [*HIDING, "auditor"])
def test_the_features_behind_redacted_scores_are_not_at_hand(risk_model, scores, role):
    with pytest.raises(FeatureInputError, match="not at hand"):
        risk_model.redact(scores, role).explanation()


def test_who_sees_everything_may_have_the_features_behind_the_scores(risk_model, scores):
    assert risk_model.redact(scores, "counsellor").explained is scores.explained


FIELDS = {
    Scores: {
        "as_of", "request_id", "model", "language", "pupils", "errors", "explained", "registers", "unlike",
        "read_by",
    },
    Change: {
        "student_id", "before", "now", "risk_before", "risk_now", "log_odds_before", "log_odds_now", "data",
        "model", "background", "domains", "facts", "text", "language", "by_new_model",
    },
    WhatIf: {"student_id", "as_of", "risk", "target", "options", "note", "text", "language"},
}  # fmt: skip


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_of_a_form_is_dealt_with(kind):
    """A new field must be thought of in the redaction before it is added here."""
    assert {item.name for item in dataclasses.fields(kind)} == FIELDS[kind]


def test_every_field_of_a_score_is_dealt_with():
    """A new field of a score must be thought of in the redaction before it is added here."""
    whole = {"risk", "risk_within", "interval", "band", "base_log_odds", "log_odds"}
    names = {"student_id", "school_id", "class_id", "responsible_id", "rank_in_school"}
    parts = {"domains", "causes", "raising", "lowering", "other", "other_points", "background"}
    words = {
        "facts", "alerts", "missing", "missing_sensitive", "warnings", "suggested_help", "told", "besides",
        "withheld",
    }  # fmt: skip

    assert {item.name for item in dataclasses.fields(PupilScore)} == whole | names | parts | words


def test_without_a_catalogue_no_cause_is_open(scores):
    redacted = redact(scores.pupils[0], "parent", language="en")

    assert set(redacted.causes) == {"other"}


def test_a_fact_that_is_told_together_with_a_hidden_one_is_folded_with_it(risk_model):
    catalogue = risk_model.catalogue
    shared = dataclasses.replace(catalogue["late_share_20d"], family=catalogue["mht_total"].family)
    own = dr.FeatureCatalogue([shared if item.name == shared.name else item for item in catalogue.values()])

    assert Folded.of(("psychology", "family"), own).features == {"late_share_20d"}
    assert Folded.of(("psychology", "family"), catalogue).features == frozenset()


def test_an_unknown_role_or_language_is_refused_before_anything_is_written(risk_model):
    nobody = Scores(DAY, "r", {}, "en", ())
    with pytest.raises(UnknownRoleError, match="did you mean 'parent'"):
        risk_model.redact(nobody, "parents")
    with pytest.raises(SettingsError, match="Unknown language"):
        redact(nobody, "parent", language="fr")


def test_a_reply_is_redacted_in_its_own_language(risk_model, scores):
    redacted = redact(scores.to_dict(), "class_teacher", catalogue=risk_model.catalogue)
    warned = [text for result in redacted["results"] for text in result["warnings"]]

    assert redacted["language"] == "en"
    assert warned
    assert all(text.isascii() for text in warned)


@pytest.mark.parametrize(
    "given",
    [{}, 5, {"results": []}, {"results": [{}], "errors": [], "as_of": "", "request_id": "", "model": {}}],
)
def test_what_is_no_score_is_refused_with_what_may_be_given(given):
    with pytest.raises(SettingsError, match="can be redacted"):
        redact(given, "parent")


@pytest.mark.parametrize("role", [["parent"], None, 5])
def test_what_is_no_role_is_an_unknown_role(scores, role):
    with pytest.raises(UnknownRoleError):
        redact(scores, role)


def test_a_role_of_the_county_reads_what_the_county_says(risk_model, scores):
    own = Role("village", Text(zh="村", en="Village"), ("attendance",))

    assert set(risk_model.redact(scores.pupils[0], own).domains) == {"attendance", "other"}
