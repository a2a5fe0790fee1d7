"""What is known of a psychological instrument, as plain data: scales, cut-offs by norm, validity, sources.

A band routes attention; it is never a diagnosis. No wording of any item is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from dropout_risk.arrays import Bools, Floats
from dropout_risk.errors import FeatureDeclarationError, UnknownInstrumentError, nearest
from dropout_risk.records.wording.instrument_names import instrument_spellings, scale_key
from dropout_risk.records.wording.words import word_key
from dropout_risk.text import Text

Word = TypeVar("Word", str, str | None)


class Declared:
    """Base of the declarations below: unknown keys are refused when one is read from plain data."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Scale(Declared):
    """A scale of an instrument.

    ``low`` and ``high`` are the lowest and highest possible score under every norm; ``higher_is_worse`` is
    False for a strength, such as prosocial behaviour; ``combine`` says how the answers make the score, and
    ``items`` are the numbers of its items, where the key is known.
    """

    label: Text
    low: float
    high: float
    higher_is_worse: bool = True
    combine: Literal["sum", "mean", "count", "max"] = "sum"
    items: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cut(Declared):
    """From where a score is band 1 (watch) and band 2 (high); None where no published cut-off is encoded.

    ``strict``: the score must lie beyond the cut-off, not on it.
    """

    watch: float | None = None
    high: float | None = None
    strict: bool = False


@dataclass(frozen=True)
class Norm(Declared):
    """Cut-offs of one population or way of scoring, with their source.

    ``ranges`` narrows the scales' ranges where the norm fixes how answers are counted.
    """

    label: Text
    cuts: dict[str, Cut]
    source: Text
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Validity(Declared):
    """A lie scale: from ``invalid_from`` on, the whole test is discarded and taken again."""

    scale: str
    invalid_from: float

    def is_valid(self, score: npt.ArrayLike) -> Bools:
        """Say which tests stand; a validity score that was not recorded (NaN) rules out nothing."""
        return np.asarray(~(np.asarray(score, dtype=np.float64) >= self.invalid_from))


@dataclass(frozen=True)
class CriticalItem(Declared):
    """An answer that goes to a person at once, past every model: a score above ``above``."""

    scale: str
    above: float
    source: Text
    verified: bool = True


@dataclass(frozen=True)
class Instrument(Declared):
    """One psychological instrument.

    ``code`` is what the ``instrument`` column says (case and punctuation do not matter), as are ``name`` and
    ``aliases``;
    ``version`` the edition that the key belongs to, ``source`` where scales and key come from. Scales and
    norms are named as in their columns; ``default_norm`` is that of rows that name none, None where it must
    be declared. ``validity`` is the lie scale, ``critical`` are answers that go to a person at once, and
    ``notes`` tell what is not verified, and therefore not encoded or only routed.
    """

    code: str
    name: Text
    version: Text
    source: Text
    scales: dict[str, Scale]
    norms: dict[str, Norm]
    default_norm: str | None = None
    aliases: tuple[str, ...] = ()
    validity: Validity | None = None
    critical: tuple[CriticalItem, ...] = ()
    notes: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        """Check that norms and rules speak of scales that exist."""
        named = [
            (scale, f"norm {norm!r}")
            for norm, given in self.norms.items()
            for scale in (*given.cuts, *given.ranges)
        ]
        if self.validity is not None:
            named.append((self.validity.scale, "the validity rule"))
        for scale, where in named:
            if scale not in self.scales:
                raise FeatureDeclarationError(
                    f"Instrument {self.code!r}: {where} names scale {scale!r}.",
                    hint=nearest(scale, self.scales),
                )
        if self.default_norm is not None and self.default_norm not in self.norms:
            raise FeatureDeclarationError(
                f"Instrument {self.code!r} has no norm {self.default_norm!r}.",
                hint=nearest(self.default_norm, self.norms),
            )

    def range_of(self, scale: str, norm: str | None = None) -> tuple[float, float]:
        """Give the lowest and highest possible score of a scale; NaN twice where the scale is unknown."""
        scale, norm = own_name(self.scales, scale), own_name(self.norms, norm)
        if scale not in self.scales:
            return (np.nan, np.nan)
        whole = (self.scales[scale].low, self.scales[scale].high)
        known = self.norms.get(norm or self.default_norm or "")
        return known.ranges.get(scale, whole) if known is not None else whole

    def is_critical(self, scale: str, score: npt.ArrayLike) -> Bools:
        """Say which scores of a scale or item must go to a person at once."""
        given = np.asarray(score, dtype=np.float64)
        critical = np.zeros(given.shape, dtype=np.bool_)
        for item in self.critical:
            if scale_key(item.scale) == scale_key(scale):
                critical |= given > item.above
        return critical


def own_name(names: Iterable[str], word: Word) -> Word:
    """Give the name among some that differs from a word in case, width or spaces only, else the word.

    >>> own_name(["total", "Lie"], "TOTAL"), own_name(["total", "Lie"], "lie"), own_name([], None)
    ('total', 'Lie', None)
    """
    return word if word is None else next((name for name in names if word_key(name) == word_key(word)), word)


@overload
def band_of(instrument: Instrument, scale: str, score: float, norm: str | None = None) -> float: ...
@overload
def band_of(instrument: Instrument, scale: str, score: Floats, norm: str | None = None) -> Floats: ...
def band_of(
    instrument: Instrument, scale: str, score: float | Floats, norm: str | None = None
) -> float | Floats:
    """Give the band of a score, or of an array of scores: 0 none, 1 watch, 2 high.

    NaN where the score is missing or impossible, or where no cut-off is known for the scale under that norm
    (by default the instrument's): nothing is guessed.

    >>> from dropout_risk.catalogue.instruments import default_instruments
    >>> registry = default_instruments()
    >>> band_of(registry["MHT"], "total", 66)
    2.0
    >>> band_of(registry["sdq"], "total", 16), band_of(registry["sdq"], "total", 16, norm="sdq-uk-parent")
    (0.0, 1.0)
    >>> band_of(registry["SCL-90"], "total", 161)
    nan
    """
    given = np.asarray(score, dtype=np.float64)
    scale, norm = own_name(instrument.scales, scale), own_name(instrument.norms, norm)
    bands = np.full(given.shape, np.nan)
    known = instrument.norms.get(norm or instrument.default_norm or "")
    if known is not None and scale in known.cuts:
        low, high = instrument.range_of(scale, norm)
        possible = (given >= low) & (given <= high)
        bands[possible] = _band_by_cut(known.cuts[scale], given, instrument.scales[scale].higher_is_worse)[
            possible
        ]
    return float(bands) if bands.ndim == 0 else bands


def _band_by_cut(cut: Cut, score: Floats, higher_is_worse: bool) -> Floats:
    band = np.zeros(score.shape)
    for value, threshold in ((1.0, cut.watch), (2.0, cut.high)):
        if threshold is None:
            continue
        beyond = score > threshold if higher_is_worse else score < threshold
        reached = beyond if cut.strict else beyond | (score == threshold)
        band = np.where(reached, value, band)
    return band


class InstrumentRegistry(Mapping[str, Instrument]):
    """The instruments a county knows, in the order they are shown: a value that is passed, never a global.

    Looking one up takes any spelling that differs in case and punctuation only, its aliases and its names
    (where no other has them), and a name with one of them in brackets.
    FeatureDeclarationError if two instruments answer to one spelling.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._codes: dict[str, str] = {}
        self._made: dict[Any, dict[Any, Any]] = {}
        for instrument in instruments:
            self._instruments[instrument.code] = instrument
            for spelling in _spellings_of((instrument.code, *instrument.aliases)):
                if self._codes.setdefault(spelling, instrument.code) != instrument.code:
                    raise FeatureDeclarationError(
                        f"Instruments {self._codes[spelling]!r} and {instrument.code!r} answer to one name."
                    )
        named: dict[str, set[str]] = {}
        for instrument in self._instruments.values():
            for spelling in _spellings_of((instrument.name.zh, instrument.name.en)):
                named.setdefault(spelling, set()).add(instrument.code)
        self._codes = {form: code for form, (code, *more) in named.items() if not more} | self._codes

    def __getitem__(self, code: str) -> Instrument:
        """Give an instrument; UnknownInstrumentError with the nearest right code otherwise."""
        for spelling in instrument_spellings(code):
            if spelling in self._codes:
                return self._instruments[self._codes[spelling]]
        raise UnknownInstrumentError(
            f"No instrument is called {code!r}.", hint=nearest(code, self._instruments)
        )

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and any(form in self._codes for form in instrument_spellings(code))

    def __iter__(self) -> Iterator[str]:
        return iter(self._instruments)

    def __len__(self) -> int:
        return len(self._instruments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InstrumentRegistry) and list(self.values()) == list(other.values())

    __hash__ = None  # type: ignore[assignment]

    def made_of(self, words: Mapping[str, tuple[str, ...]]) -> dict[Any, Any]:
        """Give where to keep what is made of these instruments and some words: some vocabularies have it."""
        key = tuple(sorted(words.items()))
        if key not in self._made:
            if sum(len(word) for own in words.values() for word in own) > _LONGEST_WORDS:
                return {}
            if len(self._made) >= _MOST_VOCABULARIES:
                self._made = {}
            return self._made.setdefault(key, {})
        return self._made[key]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be made again."""
        return self.__dict__ | {"_made": {}}

    def with_instruments(self, *instruments: Instrument) -> Self:
        """Give a new registry with more instruments; one with a known code takes that one's place."""
        return type(self)((self._instruments | {item.code: item for item in instruments}).values())

    def to_list(self) -> list[dict[str, Any]]:
        """Write all instruments as plain data (JSON-able)."""
        plain: list[dict[str, Any]] = TypeAdapter(list[Instrument]).dump_python(
            list(self.values()), mode="json"
        )
        return plain

    @classmethod
    def from_list(cls, data: Iterable[Mapping[str, Any]]) -> Self:
        """Read instruments written by :meth:`to_list`; FeatureDeclarationError with every problem."""
        try:
            return cls(TypeAdapter(list[Instrument]).validate_python(list(data)))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
            )
            raise FeatureDeclarationError(f"Instruments cannot be read: {problems}.") from error


_MOST_VOCABULARIES, _LONGEST_WORDS = 64, 10_000


def _spellings_of(names: Iterable[str]) -> set[str]:
    return {form for name in names for form in instrument_spellings(name)[:1]}
