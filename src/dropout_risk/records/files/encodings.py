"""The encoding of a text file: by its mark, its bytes or as named; and whether a language comes out."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Any, NamedTuple

from dropout_risk.errors import RecordsError
from dropout_risk.text import CLAUSES, Text

BLOCK_BYTES = 1 << 24
SAMPLE_BYTES = 1 << 18
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_ASSUMED = "gb18030"
_ASCII = frozenset((*b"\t\r\n", *range(32, 127)))


class FoundEncoding(NamedTuple):
    """The encoding of a file; whether it is named for this file, and some lines that are not ASCII."""

    name: str
    named: bool
    sample: bytes


def find_encoding(stream: Any, file: str, named: str | None, for_this_file: bool = False) -> FoundEncoding:
    """Tell the encoding of a stream of bytes: its mark, else the one named, else UTF-16, UTF-8 or GB18030."""
    if named is not None:
        try:
            named = codecs.lookup(named).name
        except LookupError:
            raise RecordsError(
                f"File {file!r}: unknown encoding {named!r}.", hint="utf-8, gb18030, big5, utf-16, cp1252, …"
            ) from None
    head = stream.read(BLOCK_BYTES)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None and marked != "utf-8":
        return FoundEncoding(marked, True, b"")
    if named is not None and marked is None:
        sample = b"" if named.startswith(("utf-16", "utf-32")) else _sample_of(head)
        return FoundEncoding(named, for_this_file, sample)
    wide = _wide_encoding(head[:4096])
    if wide is not None:
        return FoundEncoding(wide, True, b"")
    return _utf8_or_assumed(head, stream)


def _wide_encoding(head: bytes) -> str | None:
    """Tell UTF-16 and UTF-32 without a mark by the zeros beside digits, delimiters and line ends."""
    if b"\0" not in head:
        return None
    units = max(len(head) // 4, 1)
    zeros = [head[k::4].count(0) >= units for k in range(4)]
    if zeros[2] and zeros[3]:
        return "utf-32-le"
    if zeros[0] and zeros[1]:
        return "utf-32-be"
    pairs = Counter(zip(head[::2], head[1::2], strict=False))
    little = sum(count for (low, high), count in pairs.items() if not high and low in _ASCII)
    big = sum(count for (high, low), count in pairs.items() if not high and low in _ASCII)
    if max(little, big) < units // 5 + 1:
        return None
    return "utf-16-le" if little > big else "utf-16-be"


def _utf8_or_assumed(block: bytes, stream: Any) -> FoundEncoding:
    decoder = codecs.getincrementaldecoder("utf-8")()
    sample = b""
    while block:
        sample = sample or _sample_of(block)
        try:
            if decoder.getstate()[0] or not block.isascii():
                decoder.decode(block)
        except UnicodeDecodeError as error:
            return FoundEncoding(_ASSUMED, False, _sample_of(block, error.start) or sample)
        block = stream.read(BLOCK_BYTES)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return FoundEncoding(_ASSUMED, False, sample)
    return FoundEncoding("utf-8", False, sample)


def _sample_of(block: bytes, near: int | None = None) -> bytes:
    """Cut whole lines out of a block, from the first byte on that is not ASCII."""
    if near is None:
        if block.isascii():
            return b""
        found = re.search(rb"[\x80-\xff]", block)
        if found is None:
            return b""
        near = found.start()
    near = min(near, len(block))
    start = max(block.rfind(b"\n", 0, near), block.rfind(b"\r", 0, near)) + 1
    piece = block[max(start, near - SAMPLE_BYTES) : near + SAMPLE_BYTES]
    end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
    return piece if len(piece) < SAMPLE_BYTES or not end else piece[:end]


# --- Whether text is a language ---------------------------------------------------------------------

_OTHERS = ("cp949", "euc_jp", "cp932", "big5hkscs", "cp1252", "cp1251")
_CALLED = {"big5hkscs": "big5", "cp949": "euc_kr", "euc_jp": "euc_jp", "cp932": "shift_jis"}
_LATIN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŠšŽžŸ’‘“”–—€°")
_LETTERS = {"cp1252": _LATIN, "cp1251": frozenset(map(chr, range(0x400, 0x460)))}
_COMMON_LEADS = {
    "big5hkscs": (0xA4, 0xC6),
    "cp949": (0xB0, 0xC8),
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
}
_PLAIN = frozenset("·•、。，；：？！“”‘’（）《》〈〉【】〔〕「」『』—…～－／　％＋＝＜＞°×÷√△○●☆★■□◇◆§№℃±")
_HANGUL = frozenset(
    "가강경고관광교구권금기길김나남년노다대덕도동등라령로류리마명목문미민박반배백병복부북사산상서석선성세소"
    "손송수숙순승시신아안양여연영예오옥용우원유윤은을의이인일임자장재전정제조종주중지진창채천철초최춘충태평"
    "하학한해향허현형혜호홍화환황효희울등출결석무단"
)
_FEW = 4
_COMMON, _ODD = 0.6, 0.05
_LOST = ("\ufffd", "锟斤拷", "烫烫烫", "屯屯屯")


_INVALID = Text(zh="部分内容不是有效的 {name}", en="some of it is not valid {name!r}")
_LOST_BEFORE = Text(
    zh="文件到这里之前已丢失字符（U+FFFD 或锟斤拷），请重新导出",
    en="characters were lost (U+FFFD or 锟斤拷) before the file came here; export it again",
)
_VALID_UTF8 = Text(
    zh="按 {name} 读取，但内容也是有效的 utf-8", en="it is read as {name!r} and is valid 'utf-8'"
)
_NOT_CHINESE = Text(zh="读出的内容不像中文", en="what comes out is hardly Chinese")
_TRY = Text(zh="请试编码 {name}", en="try encoding {name!r}")
_TRY_ONE = Text(
    zh="请试编码 big5、cp1252、shift_jis 或 euc_kr",
    en="try encoding 'big5', 'cp1252', 'shift_jis' or 'euc_kr'",
)
_SAVED_TWICE = Text(
    zh="原为 UTF-8，曾按 {name} 打开并另存，请重新导出",
    en="it was UTF-8, was opened as {name!r} and saved again; export it again",
)


def encoding_doubt(found: FoundEncoding) -> Text | None:
    """Say what speaks against an encoding, with the one to try; None where nothing does.

    >>> sample = "學校,臺北國中".encode("big5")
    >>> encoding_doubt(FoundEncoding("gb18030", False, sample)).en
    "what comes out is hardly Chinese; try encoding 'big5'"
    """
    text = _decoded_sample(found.sample, found.name)
    if text is None:
        return CLAUSES.joined((_INVALID.filled(name=found.name), _to_try(found.sample)))
    if any(word in text for word in _LOST):
        return _LOST_BEFORE
    if found.name != "utf-8" and not found.sample.isascii() and _is_utf8(found.sample):
        return CLAUSES.joined((_VALID_UTF8.filled(name=found.name), _TRY.filled(name="utf-8")))
    if found.name == "utf-8":
        return _twice_encoded(text)
    if found.named or found.name not in ("gb18030", "gbk", "gb2312") or _is_chinese(found.sample, text):
        return None
    return CLAUSES.joined((_NOT_CHINESE, _to_try(found.sample)))


def _is_chinese(sample: bytes, text: str) -> bool:
    return _reads_as_chinese(text) and not _reads_as_latin(sample) and not _reads_as_korean(sample)


def _to_try(sample: bytes) -> Text:
    near = likely_encoding(sample)
    return _TRY.filled(name=near) if near else _TRY_ONE


def likely_encoding(sample: bytes) -> str | None:
    """Name the encoding, other than UTF-8 and GB18030, in which bytes make most sense; None where none does.

    >>> likely_encoding("Lycée Rénée".encode("cp1252"))
    'cp1252'
    """
    scores = {name: _character_plausibility(sample, name) for name in _OTHERS}
    best = max(scores, key=lambda name: scores[name])
    return _CALLED.get(best, best) if scores[best] > 0.5 else None


def _is_utf8(sample: bytes) -> bool:
    return not (_decoded_sample(sample, "utf-8") or "").isascii()


def _decoded_sample(sample: bytes, name: str) -> str | None:
    """Decode a sample, whose last character may be cut off; None where it is not in the encoding."""
    try:
        return codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return None


def _reads_as_latin(sample: bytes) -> bool:
    """Tell whether most bytes that are not ASCII stand beside letters, as in Lycée."""
    marks = len(re.findall(rb"[\x80-\xff]", sample))
    return 2 * len(re.findall(rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[a-z])", sample)) > marks


def _reads_as_korean(sample: bytes) -> bool:
    text = _decoded_sample(sample, "cp949")
    counts = _marks_of(text or "")
    common = sum(count for char, count in counts.items() if char in _HANGUL)
    return len(counts) >= _FEW and 2 * common > counts.total()


def _twice_encoded(text: str) -> Text | None:
    """Notice UTF-8 that was once read in another encoding and written again."""
    words = [word for word in set(re.findall(r"[^\x00-\x7f]{2,}", text)) if word != "\ufeff"]
    for name in ("cp1252", "latin-1", "gb18030"):
        twice = sum(_decodes_again(word, name) for word in words)
        if words and 2 * twice > len(words):
            return _SAVED_TWICE.filled(name=name)
    return None


def _decodes_again(word: str, name: str) -> bool:
    try:
        raw = word.encode(name)
        return not raw.isascii() and len(raw.decode("utf-8")) < len(word)
    except UnicodeError:
        return False


def _marks_of(text: str) -> Counter[str]:
    return Counter(char for char in text if ord(char) > 0x7F and char not in _PLAIN and char != "\ufeff")


def _reads_as_chinese(text: str) -> bool:
    """Tell whether most characters are among the 3,755 common ones of GB 2312, as in any Chinese table."""
    counts = _marks_of(text)
    total = counts.total()
    leads = {char: _gb_lead(char) for char in counts}
    common = sum(counts[char] for char, lead in leads.items() if lead <= 0xD7 and lead >= 0xB0)
    odd = sum(counts[char] for char, lead in leads.items() if lead < 0)
    return odd <= _ODD * total and (len(counts) < _FEW or common >= _COMMON * total)


def _gb_lead(char: str) -> int:
    """Give the first byte of a Chinese character in GB 2312; 0 if it is a rare one, -1 if it is none."""
    try:
        lead = char.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0 if "\u3400" <= char <= "\u9fff" or ord(char) >= 0x20000 else -1
    return lead if lead >= 0xB0 else 0 if "\u2160" <= char <= "\u249b" or lead in (0xA1, 0xA3) else -1


def _character_plausibility(sample: bytes, name: str) -> float:
    """Give the share of characters that are ordinary ones of the encoding's language."""
    counts = _marks_of(_decoded_sample(sample, name) or "")
    ordinary = sum(count for char, count in counts.items() if _is_ordinary(char, name))
    if name == "cp1252" and not _reads_as_latin(sample):
        ordinary //= 2
    return ordinary / max(counts.total(), 1)


def _is_ordinary(char: str, name: str) -> bool:
    if name in _LETTERS:
        return char in _LETTERS[name]
    if "\u3041" <= char <= "\u30fe":
        return name in ("cp932", "euc_jp")
    first, last = _COMMON_LEADS[name]
    try:
        return first <= char.encode(name)[0] <= last and (name != "cp949" or "\uac00" <= char <= "\ud7a3")
    except UnicodeEncodeError:
        return False
