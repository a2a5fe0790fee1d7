"""Every role, by every way out, and every word that it may not read: all three as they are declared."""

import json
import re
from dataclasses import replace

import pytest
from serving.review import PAGES, ReviewRoom

from dropout_risk.alerts.alert import ROUTES
from dropout_risk.catalogue.alert_kinds import ALERT_KINDS, kind_of_rule
from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.errors import SettingsError
from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.changes import ChangeQuestions
from dropout_risk.pages.review import Review, reader_of_pages
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.readers import redacted_rows, redaction
from dropout_risk.scoring.readers.reader import Reader
from dropout_risk.scoring.readers.roles import ROLES, Role, Telling
from dropout_risk.scoring.readers.scope import Scope
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import is_crisis
from dropout_risk.scoring.scores import Scores
from dropout_risk.settings import Settings
from dropout_risk.text import Text
from dropout_risk.watchlist.scores_table import ScoresTable
from dropout_risk.watchlist.watch_list import WatchList
from support.confidential import (
    AS_OF,
    answered,
    district,
    found_words,
    pages_and_files,
    replies,
    routes,
    secret_words,
    with_other_secrets,
)

OWN = Role("own", Text(zh="自定", en="own"), ("attendance",))
READERS = {**ROLES, OWN.name: OWN}
WITH_PAGES = [name for name, role in READERS.items() if role.names and role.staff]
HIDING = list({READERS[name].hidden: name for name in WITH_PAGES if READERS[name].hidden}.values())
"""One role for each set of domains that are hidden on pages."""


@pytest.fixture(scope="module")
def histories():
    return histories_of(district())


@pytest.fixture(scope="module")
def calm():
    """The same district without a critical answer."""
    return histories_of(district(critical=False))


@pytest.fixture(scope="module")
def in_chinese(risk_model, histories):
    return risk_model.score(histories, AS_OF, language="zh")


@pytest.fixture(scope="module")
def in_english(risk_model, histories):
    return risk_model.score(histories, AS_OF, language="en")


def everything(model, histories, complete, role, folder):
    """Give what goes out to a role, by its way."""
    found = replies(model, complete, histories, role)
    if role.names and role.staff:
        language = complete.language
        review, texts, _ = pages_and_files(model, histories, role, language, folder)
        found |= texts | routes(model, histories, review, role, language)
    return found


# --- the matrix ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [name for name, role in READERS.items() if role.hidden])
def test_no_way_out_to_a_role_holds_a_word_of_what_it_may_not_see(
    risk_model, histories, in_chinese, role, tmp_path
):
    role = READERS[role]
    words = secret_words(risk_model, in_chinese, role)
    ways = everything(risk_model, histories, in_chinese, role, tmp_path)
    assert len(words) > 20
    assert found_words(ways, words) == {}


@pytest.mark.parametrize("role", [name for name, role in READERS.items() if not role.hidden])
def test_the_same_words_are_found_in_what_goes_out_to_who_sees_everything(
    risk_model, histories, in_english, role, tmp_path
):
    """Or the matrix would be green because it looks at nothing."""
    words = secret_words(risk_model, in_english, OWN)
    ways = everything(risk_model, histories, in_english, READERS[role], tmp_path)
    found = found_words(ways, words)
    kinds = {
        name for name in ways if name.startswith(("reply", "route", "csv", "table", "folder", "notebook"))
    }
    assert kinds <= found.keys()
    if READERS[role].names:
        assert {"all/watch-list.csv", "all/cohort.html"} <= found.keys()
        assert any(name.startswith("/review/cohort") for name in found)
        assert any(name.startswith("/review/pupil") for name in found)
        assert any(name.startswith("all/school") for name in found)


@pytest.mark.parametrize("role", HIDING)
def test_a_page_or_file_is_the_same_to_the_byte_with_and_without_a_critical_answer(
    risk_model, histories, calm, role, tmp_path
):
    """So neither a count, a link, a file's name, a title nor an order tells of it."""
    texts = []
    for number, records in enumerate((histories, calm)):
        review, ways, models = pages_and_files(
            risk_model, records, READERS[role], "zh", tmp_path / str(number)
        )
        texts.append(ways | models | routes(risk_model, records, review, READERS[role], "zh"))
    assert texts[0] == texts[1]


def test_a_counsellor_reads_of_the_critical_answers(risk_model, histories, calm, tmp_path):
    counts = []
    for number, records in enumerate((histories, calm)):
        folder = tmp_path / str(number)
        _, ways, _ = pages_and_files(risk_model, records, READERS["counsellor"], "en", folder)
        counts.append(sum("counsellor meets the pupil" in text for text in ways.values()))
    assert counts[0] > 3
    assert counts[1] == 0


def test_beside_a_critical_answer_no_way_out_tells_a_band_or_a_rank(risk_model, histories, in_english):
    read = risk_model.redact(in_english, "counsellor")
    reply = {result["student_id"]: result for result in read.to_dict()["results"]}
    frame = read.frame().set_index("student_id")
    table = ScoresTable.of(risk_model, histories, AS_OF, language="en", role=ROLES["counsellor"])
    rows = {row["student_id"]: row for row in table.rows.to_pylist()}
    listed = WatchList.of(read).frame().set_index("student_id")
    crises = {pupil.student_id for pupil in in_english.pupils if is_crisis(pupil)}
    assert 0 < len(crises) < len(reply)
    for pupil in in_english.pupils:
        student, crisis = pupil.student_id, pupil.student_id in crises
        told = ("unknown", None) if crisis else (pupil.band, pupil.rank_in_school)
        assert (reply[student]["band"], reply[student]["rank_in_school"]) == told
        assert reply[student].get("withheld") == (["band", "rank_in_school"] if crisis else None)
        assert reply[student]["risk"] == pupil.risk
        assert (rows[student]["band"], rows[student]["rank_in_school"]) == told
        assert frame["band"][student] == told[0]
        assert not crisis or listed["band"].isna()[student]
    review = Review(risk_model, histories, read, WatchList.of(read), ROLES["counsellor"])
    rank = re.compile(WORDS["rank"].en.replace("{rank}", r"\d+"))
    for pupil in in_english.pupils[:25]:
        page, crisis = review.pupil(pupil.student_id), pupil.student_id in crises
        assert ('class="band"' in page, bool(rank.search(page))) == (
            not crisis and pupil.band != "unknown",
        ) * 2
    assert crises & {pupil.student_id for pupil in in_english.pupils[:25]}


def test_who_does_not_hear_of_it_reads_band_and_rank_as_if_there_were_none(risk_model, in_english):
    for role in ("class_teacher", "county"):
        direct, by_way = (
            risk_model.redact(given, role)
            for given in (in_english, risk_model.redact(in_english, "counsellor"))
        )
        assert direct.to_dict() == by_way.to_dict()
        assert all("withheld" not in result for result in direct.to_dict()["results"])
        assert [p.told_band for p in direct.pupils] == [p.band for p in in_english.pupils]


def test_a_reply_that_withholds_is_no_reply_for_another_reader(risk_model, in_english):
    """What is missing in it would tell a class teacher of the alert."""
    reply = risk_model.redact(in_english.to_dict(), "counsellor")
    assert risk_model.redact(reply, "counsellor") == reply
    with pytest.raises(SettingsError, match="for another reader"):
        risk_model.redact(reply, "class_teacher")


def test_a_table_holds_no_rank_for_a_role_that_reads_none(risk_model, histories):
    table = ScoresTable.of(risk_model, histories, AS_OF, language="en", role=ROLES["parent"])
    assert table.rows["rank_in_school"].null_count == len(table)


@pytest.mark.parametrize("role", HIDING)
def test_a_page_or_file_is_the_same_to_the_byte_whatever_is_hidden(
    risk_model, histories, in_english, role, tmp_path, monkeypatch
):
    texts = worlds(risk_model, histories, in_english, READERS[role], tmp_path, monkeypatch)
    assert texts[0] == texts[1]


def worlds(model, histories, complete, role, folder, monkeypatch):
    """Make all pages and files of a role in two worlds that differ in what it may not see."""
    texts = []
    for number, given in enumerate((complete, with_other_secrets(complete, role, model.catalogue))):
        with monkeypatch.context() as patch:
            patch.setattr(RiskModel, "score", lambda *args, given=given, **how: given)
            review, ways, models = pages_and_files(model, histories, role, "en", folder / str(number))
            texts.append(ways | models | routes(model, histories, review, role, "en"))
    return texts


# --- the matrix turns red where one fold is taken out -------------------------------------------------


def _as_they_are(model, given, role, **how):
    return (
        replace(given, read_by=role.name) if isinstance(given, Scores) else redact(model, given, role, **how)
    )


redact = RiskModel.redact
FOLDS = {
    "redaction of scores": (RiskModel, "redact", _as_they_are),
    "reasons": (redaction._Redaction, "_parted", lambda self, reasons, folded: (reasons, ())),
    "words of folded reasons": (Role, "tells", lambda self, domain, **how: Telling.WORDS),
    "alerts": (Reader, "hears_alert", lambda self, rule: True),
    "what is missing": (Reader, "open_gaps", lambda self, gaps, sensitive: tuple(gaps)),
    "warnings": (Reader, "open_warnings", lambda self, warnings: tuple(warnings)),
    "help": (Reader, "open_help", lambda self, given, alerts: tuple(given)),
    "rows of files": (redacted_rows._RedactedRows, "columns", lambda self: {}),
    "changes and what-ifs": (ChangeQuestions, "_redacted", lambda self, answer: answer),
}


@pytest.mark.parametrize("fold", FOLDS)
def test_the_matrix_turns_red_where_one_fold_is_taken_out(
    risk_model, histories, in_english, fold, tmp_path, monkeypatch
):
    role = OWN if fold == "changes and what-ifs" else READERS["county"]
    words = secret_words(risk_model, in_english, role)
    owner, name, without = FOLDS[fold]
    monkeypatch.setattr(owner, name, without)
    ways = replies(risk_model, in_english, histories, role)
    red = bool(found_words(ways, words))
    if not red:
        texts = worlds(risk_model, histories, in_english, role, tmp_path, monkeypatch)
        red = texts[0] != texts[1] or bool(found_words(texts[0], words))
    assert red


# --- who gets pages, and what is declared --------------------------------------------------------------


@pytest.mark.parametrize("role", [name for name in ROLES if name not in WITH_PAGES])
def test_who_gets_no_pages_gets_none_by_any_way(risk_model, histories, role, monkeypatch):
    with pytest.raises(SettingsError):
        reader_of_pages(role, Settings())
    monkeypatch.setenv("DROPOUT_RISK_ROLE", role)
    with pytest.raises(SettingsError):
        ReviewRoom.from_environment(risk_model)


def test_a_review_of_complete_scores_is_refused(risk_model, histories, in_english):
    review = Review.of(risk_model, histories, AS_OF, language="en")
    with pytest.raises(SettingsError, match="not as 'class_teacher' may read them"):
        replace(review, scores=in_english)


def test_every_rule_of_alerts_says_which_domains_it_reads(in_english):
    rules = {kind_of_rule(alert.rule) for pupil in in_english.pupils for alert in pupil.alerts}
    assert rules <= ALERT_KINDS.keys()
    assert {domain for read in ALERT_KINDS.values() for domain in read} <= set(DOMAINS)
    assert ROUTES


@pytest.mark.parametrize("role", list(READERS))
def test_of_a_rule_that_nobody_has_declared_only_who_sees_everything_is_told(role):
    reader = Reader(READERS[role], None, "en")
    assert reader.hears_alert("a_new_rule") == (not READERS[role].hidden and READERS[role].staff)


def test_no_role_of_the_library_hears_of_what_it_does_not_see():
    """Of a test, even that it raises the risk is its direction."""
    assert all(not role.hears_of for role in ROLES.values())


# --- the scope of the service --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(histories, tmp_path_factory):
    return histories.save(tmp_path_factory.mktemp("store"))


def test_other_pupils_and_schools_are_answered_as_ones_that_do_not_exist(risk_model, histories, store):
    rows = histories.students.select(["student_id", "school_id", "responsible_id"]).to_pylist()
    own = rows[-1]
    scope = Scope(own["school_id"], responsible_id=own["responsible_id"])
    room = ReviewRoom(risk_model, store, language="en", scope=scope)
    others = [row for row in rows if row["responsible_id"] != own["responsible_id"]]
    for path, there, gone in (
        ("/review/pupil", [row["student_id"] for row in others], "p-0"),
        ("/review/school", sorted({row["school_id"] for row in rows} - {own["school_id"]}), "s-0"),
    ):
        nobody = answered(room, path, gone)
        assert nobody.status == 404
        assert there
        for rest in there:
            page = answered(room, path, rest)
            assert (page.status, page.html) == (404, nobody.html)
    for path in PAGES:
        if path.rpartition("/")[2] not in ("pupil", "school"):
            html = answered(room, path, None).html
            assert not [row["student_id"] for row in others if row["student_id"] in html]


def test_a_scope_is_declared_in_the_environment_and_a_wrong_one_is_refused(risk_model, monkeypatch):
    for name, value in (("SCHOOL", "s-1"), ("GRADE", "8"), ("CLASS", "2"), ("RESPONSIBLE", "t-1")):
        monkeypatch.setenv(f"DROPOUT_RISK_{name}", value)
    assert ReviewRoom.from_environment(risk_model).scope == Scope("s-1", 8, "2", "t-1")
    monkeypatch.setenv("DROPOUT_RISK_GRADE", "eight")
    with pytest.raises(SettingsError, match="no grade level"):
        ReviewRoom.from_environment(risk_model)
    monkeypatch.delenv("DROPOUT_RISK_SCHOOL")
    monkeypatch.setenv("DROPOUT_RISK_GRADE", "8")
    with pytest.raises(SettingsError, match="is one of a school"):
        ReviewRoom.from_environment(risk_model)


def test_the_models_page_names_no_pupil(risk_model, histories, tmp_path):
    _, _, models = pages_and_files(risk_model, histories, READERS["county"], "en", tmp_path)
    assert models
    for text in models.values():
        assert not [pupil for pupil in histories.student_ids if pupil in text]


def test_a_reply_without_a_role_is_complete(risk_model, in_english):
    from support.confidential import route_reply

    assert json.loads(route_reply(risk_model, in_english, None)) == json.loads(
        json.dumps(in_english.to_dict(), default=str)
    )
