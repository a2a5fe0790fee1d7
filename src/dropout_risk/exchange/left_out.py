"""What an import or an export leaves out, and why: columns and files by name, rows by number only."""

from __future__ import annotations

from dataclasses import dataclass, field

from dropout_risk.text import COLON, ITEMS, Language, Text, same_words

NOT_READ = Text(zh="本库用不到，不读取", en="nothing here needs it; it is not read")
PERSONAL = Text(
    zh="个人信息；加 --directory 才保留，仅供页面显示",
    en="it names the pupil or the home; kept for pages alone, and only with --directory",
)
IDENTITY = Text(
    zh="身份证件号从不保存；加 --key 时只保存带密钥的假名",
    en="an identity number is never stored; with --key only a keyed pseudonym of it is",
)
SECRET = Text(zh="口令，从不读取", en="a password is never read")
NO_COLUMN = Text(zh="格式中没有对应的列", en="the format has no column for it")
BROKEN_LINE = Text(zh="无法按列拆分", en="cannot be split into fields")
_ROWS = Text(zh="{number}行", en="{number} row(s)")
_HEAD = Text(zh="未带入：", en="Left out:")
_NOTHING = Text(zh="没有遗漏。", en="Nothing was left out.")
_LINE = Text(zh="  {what}（{why}）", en="  {what} ({why})")


@dataclass
class LeftOut:
    """Gathers what is left out, in the order in which it is met.

    Examples
    --------
    >>> left = LeftOut()
    >>> left.add_columns("users.csv", ["sms", "phone"], NOT_READ)
    >>> left.add_rows("users.csv", 2, BROKEN_LINE)
    >>> print(left.text("en"))
    Left out:
      users.csv: sms, phone (nothing here needs it; it is not read)
      users.csv: 2 row(s) (cannot be split into fields)
    """

    _names: dict[tuple[str, Text], dict[str, None]] = field(default_factory=dict)
    _rows: dict[tuple[str, Text], int] = field(default_factory=dict)

    def add_columns(self, file: str, columns: list[str], why: Text) -> None:
        """Note columns of a file, or tables."""
        if columns:
            self._names.setdefault((file, why), {}).update(dict.fromkeys(columns))

    def add_file(self, file: str, why: Text) -> None:
        """Note a whole file."""
        self._names.setdefault((file, why), {})

    def add_rows(self, file: str, number: int, why: Text) -> None:
        """Note a number of rows of a file; none is nothing to note."""
        if number:
            self._rows[file, why] = self._rows.get((file, why), 0) + number

    @property
    def names(self) -> list[str]:
        """The columns and files by name."""
        return [name for (file, _), names in self._names.items() for name in names or (file,)]

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return sum(self._rows.values())

    def text(self, language: Language) -> str:
        """Tell all of it, a line for each file and reason."""
        lines = [
            _line_of(file, ITEMS.join(language, names), why, language)
            for (file, why), names in self._names.items()
        ]
        lines += [
            _line_of(file, _ROWS.fill(language, number=number), why, language)
            for (file, why), number in self._rows.items()
        ]
        return "\n".join([_HEAD.to(language), *lines]) if lines else _NOTHING.to(language)


def _line_of(file: str, names: str, why: Text, language: Language) -> str:
    what = COLON.joined([same_words(part) for part in (file, names) if part])
    return _LINE.filled(what=what, why=why).to(language)
