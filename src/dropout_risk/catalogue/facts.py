"""Facts: what is recorded of a pupil and told before any model. Which there are, and who may read of each."""

from __future__ import annotations

from dataclasses import dataclass

from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.feature import Domain
from dropout_risk.text import Text

FAMILY = Text(zh="家庭情况", en="Family")
WAY = Text(zh="上学路程", en="Way to school")
ENROLMENT = Text(zh="学籍变动", en="Enrolment")
ABSENCES = Text(zh="考勤", en="Attendance")
MARKS = Text(zh="最近考试", en="Last exams")
TESTS = Text(zh="心理测评", en="Well-being test")


@dataclass(frozen=True)
class FactKind:
    """One kind of fact; who sees its ``domain`` may read it, and only staff where it says so.

    ``label`` is what facts that stand together are called. A *told* fact is a line of its own; the others
    only sum up what the lines say, for the table of help.
    """

    name: str
    domain: Domain
    label: Text
    staff: bool = False
    told: bool = True


FAR_DAY_PUPIL, WAY_TO_SCHOOL = "far_day_pupil", "way_to_school"
LAST_MARK, NO_CORE_PASSED = "last_mark", "no_core_subject_passed"
RECENT_ABSENCES = "recent_absences"
TEST_AT_CUT_OFF, CRITICAL_ANSWER = "test_at_cut_off", "critical_answer"
OTHER_FACTOR = "other_family_factor"
EVENTS_TOLD = ("dropout", "suspected_dropout", "returned")
"""The outcomes that are a pupil's own history, and no end of it."""

FACT_KINDS: dict[str, FactKind] = {
    kind.name: kind
    for kind in (
        *(FactKind(code, "family", FAMILY) for code in FACTORS if code != "none"),
        FactKind(OTHER_FACTOR, "family", FAMILY),
        FactKind(FAR_DAY_PUPIL, "family", WAY),
        FactKind(WAY_TO_SCHOOL, "family", WAY),
        *(FactKind(event, "attendance", ENROLMENT, staff=True) for event in EVENTS_TOLD),
        FactKind(TEST_AT_CUT_OFF, "psychology", TESTS),
        FactKind(CRITICAL_ANSWER, "psychology", TESTS),
        FactKind(RECENT_ABSENCES, "attendance", ABSENCES),
        FactKind(LAST_MARK, "grades", MARKS),
        FactKind(NO_CORE_PASSED, "grades", MARKS, told=False),
    )
}
"""In the order in which they are told."""
