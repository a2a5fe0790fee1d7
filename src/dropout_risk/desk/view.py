"""A view: one reader, one language and one address, from which a page is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from dropout_risk.access.reader import Reader
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.reader import Seat
from dropout_risk.desk.words import DESK_WORDS, day_text, desk_words
from dropout_risk.pages.rendering import render_page
from dropout_risk.text import LANGUAGES, Language, Text

ROOM = "dropout_risk.desk"
_SAID = ("saved", "again", "came_back")
"""What a page says after a form, by its address."""


@dataclass(frozen=True)
class Answer:
    """What is sent: a page with its status, or an address to go on to."""

    html: str = ""
    status: int = 200
    onward: str = ""


@dataclass(frozen=True)
class View:
    """What a page is made from.

    ``steps`` is the address below the desk's own; ``asked`` what else it asks for. ``screens`` are the
    addresses of the reader's other pages, and what they are called; ``sign`` signs a form of a
    page, with the number of entries that its case has.
    """

    desk: Desk
    reader: Reader
    language: Language
    steps: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    screens: Sequence[tuple[tuple[str, ...], Text]] = ()
    sign: Callable[[str, int], str] = lambda path, seq: ""

    def say(self, text: Text) -> str:
        """Word something in the reader's language."""
        return text.to(self.language)

    def word(self, name: str, /, **fields: object) -> str:
        """Give one of the desk's words, filled."""
        return self.say(DESK_WORDS[name].filled(**fields))

    def link(self, *steps: str, **asked: str) -> str:
        """Give the address of a page, from this one: whatever lies before the desk's own."""
        told = urlencode({name: value for name, value in (asked | self._carried).items() if value})
        up = "../" * len(self.steps)
        return f"{up}{'/'.join(('desk', *steps))}{'?' if told else ''}{told}"

    @property
    def _carried(self) -> dict[str, str]:
        return {"lang": self.language} if "lang" in self.asked else {}

    @property
    def path(self) -> str:
        """The path of this page, to which its forms are bound."""
        return path_of_steps(self.steps)

    def seat_link(self, seat: Seat, *steps: str, **asked: str) -> str:
        """Give the address of a case, or of a form of it."""
        return self.link("case", self.desk.addresses.address_of(seat.case.id), *steps, **asked)

    def seat_path(self, seat: Seat, deed: str) -> str:
        """Give the path to which a form of a case is bound."""
        return path_of_steps(("case", self.desk.addresses.address_of(seat.case.id), deed))

    @property
    def stale(self) -> str:
        """Say of when the pages tell, where this morning has not been run."""
        last = self.desk.book.today()
        return (
            "" if last is None or last >= self.desk.day else self.word("stale", day=self.say(day_text(last)))
        )

    def page(self, template: str, *, status: int = 200, **content: Any) -> Answer:
        """Render a page."""
        other = next(language for language in LANGUAGES if language != self.language)
        words = desk_words(self.language)
        html = render_page(
            template,
            self.language,
            room=ROOM,
            d=words,
            view=self,
            stale=self.stale if self.steps in {steps for steps, _ in self.screens} else "",
            said=words[said] if (said := self.asked.get("said", "")) in _SAID else "",
            screens=[
                (self.link(*steps), self.say(text), steps == self.steps) for steps, text in self.screens
            ],
            other_language=f"?{urlencode({'lang': other})}",
            **content,
        )
        return Answer(html, status)


def path_of_steps(steps: tuple[str, ...]) -> str:
    """Write an address below the desk's own as a path.

    >>> path_of_steps(("case", "x", "meet")), path_of_steps(())
    ('/desk/case/x/meet', '/desk')
    """
    return "/".join(("/desk", *steps))


def message_answer(view: View, name: str, status: int) -> Answer:
    """Say why there is no other page."""
    return view.page("said.html", status=status, head=view.word(name), text=view.word(f"{name}_text"))
