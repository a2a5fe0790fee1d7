"""Workbooks for tests, written as Excel writes them: a zip of sheets in XML."""

import datetime as dt
import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DATE, _MOMENT, _PADDED = 1, 2, 3
_FORMATS = (0, 14, 22, 164)


class Padded(int):
    """A number that its cell shows with leading zeros, as 0000."""


class ErrorCell(str):
    """A cell whose formula failed, such as #N/A."""

    __slots__ = ()


def xlsx_bytes(sheets, *, merged=None, hidden=()):
    """Write sheets (name to rows of cells) as a workbook; ``merged`` gives the ranges of each sheet."""
    names = list(sheets)
    numbers = range(1, len(names) + 1)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>'
        + "".join(
            f'<sheet name={quoteattr(name)} sheetId="{k}" r:id="r{k}"'
            + (' state="hidden"/>' if name in hidden else "/>")
            for k, name in zip(numbers, names, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="r{k}" Type="{_REL}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in numbers
        )
        + f'<Relationship Id="r99" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {_MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="0000"/>'
        '</numFmts><cellXfs count="4">'
        + "".join(f'<xf numFmtId="{number}"/>' for number in _FORMATS)
        + "</cellXfs></styleSheet>",
    }
    for k, name in zip(numbers, names, strict=True):
        ranges = (merged or {}).get(name, ())
        marks = "".join(f'<mergeCell ref="{where}"/>' for where in ranges)
        marks = f'<mergeCells count="{len(ranges)}">{marks}</mergeCells>' if ranges else ""
        rows = "".join(_row(number, cells) for number, cells in enumerate(sheets[name], 1))
        files[f"xl/worksheets/sheet{k}.xml"] = (
            f"<worksheet {_MAIN}><sheetData>{rows}</sheetData>{marks}</worksheet>"
        )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
    return target.getvalue()


def write_xlsx(path, sheets, **options):
    """Write sheets to a file."""
    path.write_bytes(xlsx_bytes(sheets, **options))


def _row(number, cells):
    given = [_cell(f"{chr(65 + k)}{number}", value) for k, value in enumerate(cells) if value is not None]
    return f'<row r="{number}">{"".join(given)}</row>'


def _cell(where, value):
    if isinstance(value, bool):
        return f'<c r="{where}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, ErrorCell):
        return f'<c r="{where}" t="e"><v>{value}</v></c>'
    if isinstance(value, str):
        return f'<c r="{where}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    style = 0
    if isinstance(value, dt.datetime):
        value, style = (value - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1), _MOMENT
    elif isinstance(value, dt.date):
        value, style = (value - dt.date(1899, 12, 30)).days, _DATE
    elif isinstance(value, Padded):
        style = _PADDED
    return f'<c r="{where}" s="{style}"><v>{int(value) if isinstance(value, Padded) else value!r}</v></c>'
