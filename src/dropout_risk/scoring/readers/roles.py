"""Roles: which domains of a score each reader may see. Declared as data; a county may add its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from dropout_risk.alerts.alert import CALLED
from dropout_risk.catalogue.feature import CONFIDENTIAL, DOMAINS
from dropout_risk.errors import SettingsError, UnknownRoleError, nearest
from dropout_risk.records.directory import PERSONAL
from dropout_risk.settings import Settings
from dropout_risk.text import Language, Text

COMPANIONS = ("grades", "family", "attendance", "psychology")
"""Which domain is folded with hidden ones: first marks, which move from month to month."""
SPEAKS = 0.05
"""A domain that adds less than this to the log-odds covers nothing."""

ASK = Text(
    zh="心理测评（结果保密，请与心理教师沟通）", en="Well-being test (confidential: ask the counsellor)"
)
_PLAYS_A_PART = Text(zh="{domain}（内容不在此显示）", en="{domain} (not shown here)")


class Telling(IntEnum):
    """How much a role is told of a part of a score; each holds what stands before it.

    A *hint* says that the domain plays a part, and no more. *Words* are the part's own sentence, while its
    number is folded into ``other``.
    """

    NOTHING = 0
    HINT = 1
    WORDS = 2
    NUMBER = 3

    def word(self, sentence: str, domain: str, language: Language) -> str:
        """Word a part of a score; nothing where nothing is told."""
        if self >= Telling.WORDS:
            return sentence
        if self == Telling.NOTHING:
            return ""
        if domain == CONFIDENTIAL:
            return ASK.to(language)
        label = next(label for name, label in DOMAINS.items() if name == domain)
        return _PLAYS_A_PART.fill(language, domain=label.to(language))


@dataclass(frozen=True)
class Role:
    """What one kind of reader may see of a score.

    It reads values and sentences of the domains that it ``sees``; of those that it ``hears_of`` it learns, in
    one sentence without a number, that they raise the risk: no role of the library does, since of a test even
    that is its direction. Without ``names`` it does not learn whose score it is; of the directory, pages show
    it the columns that it ``reads_of_directory``, by default none. Who is no ``staff`` does not work with the
    pupils, and is told neither alerts, which say who acts, nor a rank. SettingsError, with the nearest right
    name, if a domain is unknown.

    >>> ROLES["class_teacher"].folds({"attendance": 0.4, "grades": 0.2, "psychology": 0.9, "family": 0.3})
    ('psychology', 'grades')
    >>> ROLES["class_teacher"].folds({"attendance": 0.4, "grades": 0.0, "psychology": 0.9, "family": 0.3})
    ('psychology', 'grades', 'family')
    >>> ROLES["counsellor"].folds({"attendance": 0.4, "grades": 0.2, "psychology": 0.9, "family": 0.3})
    ()
    """

    name: str
    label: Text
    sees: tuple[str, ...]
    hears_of: tuple[str, ...] = ()
    names: bool = True
    staff: bool = True
    reads_of_directory: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names of the domains and of the columns of the directory."""
        for column in self.reads_of_directory:
            if column not in PERSONAL or not self.names:
                raise SettingsError(
                    f"Role {self.name!r} may not read {column!r} of the directory.",
                    hint=nearest(column, PERSONAL) if self.names else "it does not learn whose score it is",
                )
        for domain in (*self.sees, *self.hears_of):
            if domain not in DOMAINS:
                raise SettingsError(
                    f"Role {self.name!r} names an unknown domain {domain!r}.", hint=nearest(domain, DOMAINS)
                )

    @property
    def hidden(self) -> tuple[str, ...]:
        """The domains of which it sees nothing."""
        return tuple(domain for domain in DOMAINS if domain not in self.sees)

    @property
    def reads_all(self) -> bool:
        """Whether nothing of a score is kept from it but, perhaps, whose it is."""
        return self.staff and not self.hidden

    def tells(self, domain: str, *, folded: bool = False, raises: bool = True) -> Telling:
        """Say how much it is told of a part of a score: the one rule of replies, of files and of lists.

        ``folded``: whether the part's number is folded, see :meth:`folds`. ``raises``: whether it raises the
        risk; that a test lowers a risk reassures nobody.

        >>> ROLES["counsellor"].tells("psychology"), ROLES["class_teacher"].tells("psychology")
        (<Telling.NUMBER: 3>, <Telling.NOTHING: 0>)
        """
        if domain in self.sees:
            return Telling.WORDS if folded else Telling.NUMBER
        return Telling.HINT if raises and domain in self.hears_of else Telling.NOTHING

    def folds(self, domains: Mapping[str, float]) -> tuple[str, ...]:
        """Name the domains whose numbers are folded into ``other``: at least two, or none.

        Given is what each domain adds to the log-odds. All hidden ones are folded. What a hidden domain adds
        could be had by subtraction where the others add nothing; so domains that the role may read are folded
        with it, one after the other, until one of these adds at least :data:`SPEAKS`. That rests on nothing
        hidden. Only where three domains are hidden and two of them add as much is nothing else folded.

        This covers one score. Where none of the folded domains but one changes between two scores, the
        difference of their sums is the change of that one.
        """
        hidden = self.hidden
        speak = {domain for domain, size in domains.items() if abs(size) >= SPEAKS}
        if not hidden or (len(hidden) > 2 and len(speak.intersection(hidden)) > 1):
            return hidden
        folded = list(hidden)
        for companion in COMPANIONS:
            if companion not in hidden:
                folded.append(companion)
                if companion in speak:
                    break
        return tuple(folded)


_OF_SCHOOL = ("attendance", "grades", "family")
_VISITS = ("name", "guardian", "phone", "village", "address")
ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("parent", Text(zh="家长", en="Parent"), ("attendance", "grades"), staff=False),
        Role(
            "class_teacher",
            Text(zh="班主任（包保责任人）", en="Class teacher, or the teacher responsible for a pupil"),
            _OF_SCHOOL,
            reads_of_directory=PERSONAL,
        ),
        Role(
            "principal",
            CALLED["principal"],
            _OF_SCHOOL,
            reads_of_directory=PERSONAL,
        ),
        Role(
            "counsellor",
            CALLED["counsellor"],
            tuple(DOMAINS),
            reads_of_directory=PERSONAL,
        ),
        Role(
            "community_worker",
            Text(zh="村（社区）工作者", en="Community worker"),
            ("attendance", "family"),
            reads_of_directory=_VISITS,
        ),
        Role(
            "township",
            CALLED["township"],
            ("attendance", "family"),
            reads_of_directory=("name", "village"),
        ),
        Role("county", Text(zh="县教育局", en="County education office"), _OF_SCHOOL),
        Role("auditor", Text(zh="审计人员", en="Auditor"), tuple(DOMAINS), names=False),
    )
}
CLASS_TEACHER = ROLES["class_teacher"]


def role_named(role: str | Role, roles: Mapping[str, Role] = ROLES) -> Role:
    """Give a role by its name; UnknownRoleError if there is none, with the nearest right name."""
    if isinstance(role, Role):
        return role
    if not isinstance(role, str) or role not in roles:
        raise UnknownRoleError(f"No role is called {role!r}.", hint=nearest(str(role), roles))
    return roles[role]


def roles_of(settings: Settings) -> dict[str, Role]:
    """Give the roles as a county has set them: its own beside, or in place of, the ones of the library."""
    labels = {name: role.label for name, role in ROLES.items()}
    own = {
        name: Role(name, labels.get(name, Text(zh=name, en=name)), **given.model_dump())
        for name, given in settings.roles.items()
    }
    return ROLES | own
