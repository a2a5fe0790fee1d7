"""The words that a contact is written down with: keys that are kept, and what people read and type."""

from __future__ import annotations

from dataclasses import dataclass

from dropout_risk.text import Text


@dataclass(frozen=True)
class Word:
    """One answer that may be ticked: the ``key`` that an entry keeps, and its ``text``.

    Examples
    --------
    >>> WAYS[1].key, WAYS[1].text.zh
    ('home_visit', '家访')
    """

    key: str
    text: Text


WAYS = (
    Word("call", Text(zh="电话", en="phone call")),
    Word("home_visit", Text(zh="家访", en="home visit")),
    Word("talk_at_school", Text(zh="到校谈话", en="talk at school")),
    Word("counselling", Text(zh="心理约谈", en="talk with the counsellor")),
    Word("aid_check", Text(zh="资助核对", en="check of aid")),
    Word("written_report", Text(zh="书面报告", en="written report")),
    Word("home_teaching", Text(zh="送教上门", en="teaching at home")),
)
MET = (
    Word("pupil", Text(zh="学生", en="the pupil")),
    Word("father", Text(zh="父", en="the father")),
    Word("mother", Text(zh="母", en="the mother")),
    Word("grandparents", Text(zh="祖父母", en="the grandparents")),
    Word("other_guardian", Text(zh="其他监护人", en="another guardian")),
    Word("nobody", Text(zh="没有见到", en="nobody")),
)
WITH = (
    Word("village", Text(zh="村（社区）", en="the village (community)")),
    Word("township", Text(zh="乡镇", en="the township")),
    Word("school_leader", Text(zh="校领导", en="the school's leadership")),
    Word("police", Text(zh="公安", en="the police")),
    Word("civil_affairs", Text(zh="民政", en="civil affairs")),
)
DIFFICULTIES = (
    Word("schoolwork", Text(zh="学习跟不上", en="cannot keep up with lessons")),
    Word("poverty", Text(zh="经济困难", en="lack of money")),
    Word("far_way", Text(zh="路远", en="a long way to school")),
    Word("family_change", Text(zh="家庭变故", en="a change in the family")),
    Word("mental_health", Text(zh="情绪心理", en="mood and mental health")),
    Word("peers", Text(zh="同伴关系", en="trouble with peers")),
    Word("migrant_work", Text(zh="外出务工", en="work away from home")),
    Word("early_marriage", Text(zh="早婚", en="early marriage")),
    Word("illness", Text(zh="疾病", en="illness")),
    Word("unknown", Text(zh="还没弄清", en="not clear yet")),
)
RESULTS = (
    Word("returned", Text(zh="已返校", en="back at school")),
    Word("promised", Text(zh="约定返校", en="return agreed")),
    Word("conditional", Text(zh="有条件愿返", en="would return on a condition")),
    Word("unwilling", Text(zh="不愿返", en="unwilling to return")),
    Word("whereabouts_unknown", Text(zh="去向不明", en="whereabouts unknown")),
    Word("transfer_to_verify", Text(zh="转学待核", en="transfer to be verified")),
    Word("false_alarm", Text(zh="误报", en="false alarm")),
)
FEEDBACK = (
    Word("right", Text(zh="对", en="fits")),
    Word("wrong", Text(zh="不对", en="does not fit")),
    Word("known", Text(zh="已知", en="known before")),
    Word("no_help", Text(zh="没有帮助", en="no help")),
    Word("unknown", Text(zh="不清楚", en="unknown")),
)
"""What somebody who knows the pupil says of a reason."""
RELEASED = (
    Word(
        "care_no_marks",
        Text(
            zh="请多关心，近期不要在班上谈论成绩",
            en="Please look after this pupil, and do not speak of marks in class for now",
        ),
    ),
    Word(
        "no_blame",
        Text(
            zh="近期请不要当众批评，有事单独谈",
            en="Please do not blame this pupil before others; talk alone if need be",
        ),
    ),
    Word(
        "call_if_absent",
        Text(
            zh="如果没来上课，请当天告诉我",
            en="If this pupil does not come to school, please tell me the same day",
        ),
    ),
    Word(
        "good_company",
        Text(
            zh="请让要好的同学多陪伴，座位安排近一些",
            en="Please let good friends keep company, and sit close by",
        ),
    ),
)
"""What a counsellor may tell a class teacher: sentences that say nothing of why."""


@dataclass(frozen=True)
class Question:
    """One question about a contact: its ``key``, ``title`` and ``words``, and whether ``many`` may be true.

    Examples
    --------
    >>> QUESTIONS["way"].word_of("家访").key, QUESTIONS["way"].word_of("home visit").key
    ('home_visit', 'home_visit')
    >>> QUESTIONS["way"].word_of("by boat") is None
    True
    """

    key: str
    title: Text
    words: tuple[Word, ...]
    many: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the words, in order."""
        return tuple(word.key for word in self.words)

    def word_of(self, typed: str) -> Word | None:
        """Find the word that was typed as its key or in either language; None if it is none of them."""
        typed = typed.strip()
        return next(
            (
                word
                for word in self.words
                if typed == word.text.zh or typed.casefold() in (word.key, word.text.en.casefold())
            ),
            None,
        )


_ALL = (
    Question("way", Text(zh="方式", en="way"), WAYS),
    Question("met", Text(zh="见到", en="met"), MET, many=True),
    Question("with", Text(zh="同去", en="with"), WITH, many=True),
    Question(
        "difficulty",
        Text(zh="家庭所说困难", en="difficulty, as the family tells it"),
        DIFFICULTIES,
        many=True,
    ),
    Question("result", Text(zh="结果", en="result"), RESULTS),
)
QUESTIONS: dict[str, Question] = {question.key: question for question in _ALL}
"""What is asked of every contact, by key and in the order in which it is asked."""
REASON_QUESTION = Question("feedback", Text(zh="这条原因", en="this reason"), FEEDBACK)
"""What may be said of each reason of a score; it is no question about a contact."""
