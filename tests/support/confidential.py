"""Every way out to a reader, and every word that it may not hold: both from what the library declares."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from dataclasses import replace
from functools import reduce
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
from serving.gate.looks import Looks
from serving.review import PAGES, ReviewRoom
from serving.service import read_by, written_reply

from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.access.route_rights import parts_of
from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help, shipped_help
from dropout_risk.casebook.people import Grant, Placed
from dropout_risk.catalogue.alert_kinds import ALERT_KINDS, CRITICAL_ITEM, kind_of_rule
from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.pages.links import MODEL, served_under
from dropout_risk.pages.pupil_search import ORDERS
from dropout_risk.pages.reader_folders import write_morning, write_reader_folders
from dropout_risk.pages.review import Review
from dropout_risk.pages.words import WORDS
from dropout_risk.records.refused_rows import REFUSED_TABLES
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.readers.redacted_rows import redact_rows
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.scoring.remarks.abstention import advice_on
from dropout_risk.scoring.remarks.refused_notes import NOT_USED
from dropout_risk.scoring.score_writer import NEVER_MISSING, UNLEARNED
from dropout_risk.simulate.district import simulate_tables
from dropout_risk.watchlist.scores_table import ScoresTable

AS_OF = "2025-03-03"
LANGUAGES = ("zh", "en")
CRITICAL_ANSWERS = 6
DAY = dt.date(2025, 2, 27)


def district(pupils=50, *, critical=True, silent=0):
    """A small district in which every domain has something to tell: also refused rows, and invalid tests.

    ``critical``: whether some answers to single questions are critical. Nothing else depends on them. Of so
    many ``silent`` pupils there is no attendance.
    """
    tables = dict(simulate_tables(pupils, 11).tables)
    wellbeing, grades = tables["wellbeing"].to_pylist(), tables["grades"].to_pylist()
    tested = sorted({row["student_id"] for row in wellbeing if row["instrument"] == "PHQ-9"})
    told = {row["student_id"]: row for row in wellbeing if row["instrument"] == "PHQ-9"}
    for number, student in enumerate(tested):
        own = told[student] | {"date": DAY, "recorded_on": DAY}
        answered = critical and number < CRITICAL_ANSWERS
        wellbeing.append(own | {"scale": "item_9", "score": 2.0 if answered else 0.0})
        if number % 3 == 0:
            wellbeing.append(own | {"instrument": "MHT", "scale": "total", "score": None, "valid": False})
        if number % 4 == 0:
            wellbeing.append(own | {"instrument": "GAD-7", "scale": "total", "score": 999.0})
            grades.append(
                grades[0] | {"student_id": student, "date": DAY, "recorded_on": DAY, "score": 999.0}
            )
    rows = tables["attendance"]
    students = rows["student_id"].cast(pa.string())
    unheard = pc.unique(students)[:: len(tables["students"]) // silent] if silent else students[:0]
    tables["attendance"] = rows.filter(pc.invert(pc.is_in(students, unheard)))
    changed = {"wellbeing": wellbeing, "grades": grades}
    return SchoolRecords.from_tables(
        **tables | {name: pa.Table.from_pylist(rows, tables[name].schema) for name, rows in changed.items()}
    )


def secret_words(model, complete, role):
    """Give every word that tells of a domain that a role does not see, by what declares it.

    ``complete`` are scores in one language, as nobody's role has read them.
    """
    hidden = role.hidden
    words = {name for name, table in TABLES.items() if table.domain in hidden}
    for feature in model.catalogue.values():
        if feature.domain in hidden:
            words |= {feature.name, *(feature.label.to(language) for language in LANGUAGES)}
    if "psychology" in hidden:
        words |= set(default_instruments())
    closed = [rule for rule, read in ALERT_KINDS.items() if set(read) & set(hidden)]
    words |= {rule for rule in closed if "_" in rule}
    for pupil in complete.pupils:
        words |= {item.text for item in (*pupil.raising, *pupil.lowering) if item.domain in hidden}
        words |= {alert.text for alert in pupil.alerts if kind_of_rule(alert.rule) in closed}
        words |= set(pupil.missing_sensitive) if "psychology" in hidden else set()
    for name in REFUSED_TABLES:
        if TABLES[name].domain in hidden:
            words |= {NOT_USED[name].to(language).split("{")[0] for language in LANGUAGES}
            words.add(NOT_USED[name].zh.split("{number}")[0])
    opened = {item.text for pupil in complete.pupils for item in (*pupil.raising, *pupil.lowering)
              if item.domain not in hidden}  # fmt: skip
    labels = {item.label.to(language) for item in model.catalogue.values() if item.domain not in hidden
              for language in LANGUAGES}  # fmt: skip
    told = opened | labels
    return {word for word in words if len(word) > 1 and not any(word in text for text in told)}


def said_to_all(words):
    """Give the texts of the pages themselves that hold such a word: the same on every page of everybody."""
    texts = {text.to(language) for text in WORDS.values() for language in LANGUAGES}
    return {text for text in texts if any(word in text for word in words)}


def found_words(ways, words):
    """Name the ways out that hold a word, with the words."""
    furniture = sorted(said_to_all(words), key=len, reverse=True)
    found = {}
    for name, text in ways.items():
        own = reduce(lambda left, said: left.replace(said, ""), furniture, text)
        held = sorted(word for word in words if word in own)
        if held:
            found[name] = held
    return found


# --- The ways out -------------------------------------------------------------------------------------


def folder_texts(folder):
    """Give every file of a folder with its name, as a person or a program reads it."""
    return {
        str(path.relative_to(folder)): path.name + "\n" + unescape(path.read_text(encoding="utf-8-sig"))
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def pages_and_files(model, records, role, language, folder):
    """Write everything that is written for a morning, for all and by reader.

    Gives the model's page apart: it names all that a model reads, for everybody, and nobody's pupil.
    """
    review = Review.of(model, records, AS_OF, language=language, role=role)
    write_morning(review, folder / "all")
    write_reader_folders(review, folder / "readers")
    texts = folder_texts(folder)
    texts["notebook"] = unescape(review.watch_list._repr_html_())
    models = {name: texts.pop(name) for name in [*texts] if Path(name).name == MODEL}
    return review, texts, models


def routes(model, histories, review, role, language):
    """Ask every route of pages, for every pupil and school, as the service answers."""
    room = ReviewRoom(model, Path(), role, language)
    room.review_for = lambda language, scope: review
    review.ask_about(review._indices)
    rests = {
        "pupil": [str(pupil) for pupil in histories.student_ids],
        "school": [school for school in review.watch_list.schools if school],
    }
    found = {}
    for path in PAGES:
        for rest in rests.get(path.rpartition("/")[2], [None]):
            page = room._page(
                path, rest, (language, LOCAL_READER, review.scope), served_under("/review", language)
            )
            found[f"{path} {rest}"] = unescape(page.html)
    asked = [
        ("/review/school", group.school_id, {"responsible": group.responsible_id or "", "page": "1"})
        for group in review.watch_list.groups
    ]
    asked += [("/review/pupils", None, {"sort": order}) for order in ORDERS]
    for path, rest, fields in asked:
        page = room._page(
            path, rest, (language, LOCAL_READER, review.scope), served_under("/review", language), fields
        )
        found[f"{path} {rest} {fields}"] = unescape(page.html)
    return {name: text for name, text in found.items() if not name.startswith("/review/model")}


def replies(model, complete, histories, role):
    """Give every form of scores that are read as a role: reply, route, table, notebook, rows of a folder."""
    as_dict = json.loads(json.dumps(complete.to_dict(), default=str))
    read = model.redact(complete, role)
    found = {
        "reply": json.dumps(read.to_dict(), ensure_ascii=False, default=str),
        "reply of a reply": json.dumps(
            model.redact(as_dict, role, language=complete.language), ensure_ascii=False, default=str
        ),
        "notebook": unescape(read._repr_html_()),
        "repr": repr(read.pupils[0]),
        "route /score": route_reply(model, complete, role),
        "csv and parquet": json.dumps(
            ScoresTable.of_scores(read).rows.to_pylist(), ensure_ascii=False, default=str
        ),
    }
    if role == ROLES.get(role.name) and parts_of(role.name, "/score"):
        found["route /score to a reader"] = reply_to_reader(model, complete, role)
    if role.names:
        table = ScoresTable.of(model, histories, AS_OF, language=complete.language, role=role)
        found["table by blocks"] = json.dumps(table.rows.to_pylist(), ensure_ascii=False, default=str)
        for number, batch in enumerate(score_blocks(model, histories, AS_OF, language=complete.language)):
            rows = redact_rows(batch, role, model.catalogue, complete.language).to_pylist()
            for row in rows:  # a column that is empty has a name all the same
                row |= {name: _filled(row[name]) for name in ("contributions", "domains", "causes")}
            found[f"folder, part {number}"] = json.dumps(rows, ensure_ascii=False, default=str)
    return found


def _filled(parts):
    return {name: size for name, size in parts.items() if size is not None}


def route_reply(model, complete, role):
    """Answer a request as the service does that reads replies as a role."""
    return _reply_of_route(model, complete, role, LOCAL_READER)


def reply_to_reader(model, complete, role):
    """Answer a request as the service does that knows its reader, who has a role for everybody."""
    return _reply_of_route(model, complete, None, Reader("r-1", (Grant("r-1", role.name, "county"),)))


def _reply_of_route(model, complete, role, reader):
    now = SimpleNamespace(model=model, reader=role, looks=Looks())
    everybody = {str(item.student_id) for item in (*complete.pupils, *complete.errors)}
    asked = SimpleNamespace(
        route="/score",
        placed=lambda known: {pupil: Placed(pupil, "") for pupil in everybody},
        require_names=lambda: None,
        scores=lambda name: complete,
    )
    return written_reply(read_by(now, reader, asked, "r")[1].to_dict()).decode()


def answered(room, path, rest):
    """Ask a room for a page."""
    return asyncio.run(room.answer(path, rest, None))


# --- Another world, which a role cannot tell from this one ---------------------------------------------


def with_other_secrets(scores, role, catalogue):
    """Give the same scores with everything else in what a role may not see, and the same risks."""
    return replace(
        scores,
        pupils=tuple(_other_secrets(pupil, number, role, catalogue)
                     for number, pupil in enumerate(scores.pupils)),
        explained=None,
    )  # fmt: skip


def _other_secrets(pupil, number, role, catalogue):
    hidden = role.hidden
    sides = {
        side: tuple(item for item in getattr(pupil, side) if item.domain not in hidden)
        for side in ("raising", "lowering")
    }
    gone = [
        item for side in ("raising", "lowering") for item in getattr(pupil, side) if item.domain in hidden
    ]
    closed = {rule for rule, read in ALERT_KINDS.items() if set(read) & set(hidden)}
    alerts = tuple(alert for alert in pupil.alerts if kind_of_rule(alert.rule) not in closed)
    if CRITICAL_ITEM in closed and len(alerts) == len(pupil.alerts) and number % 2:
        alerts = (Alert(CRITICAL_ITEM, DAY, "A critical answer", "counsellor"), *alerts)
    secret = [item for item in catalogue.values() if item.domain in hidden]
    gap = secret[number % len(secret)].missing_sentence.to("en")
    table = next(name for name in REFUSED_TABLES if TABLES[name].domain in hidden)
    helps = (Help(shipped_help()[number % 3].kind, (secret[0].name,), "help for a secret"),)
    return replace(
        pupil,
        **sides,
        other=pupil.other + sum(item.contribution for item in gone),
        other_points=pupil.other_points + sum(item.points for item in gone),
        domains=_moved(pupil.domains, role),
        alerts=alerts,
        missing=(*pupil.missing, gap, NEVER_MISSING.fill("en", text=gap)),
        missing_sensitive=(*pupil.missing_sensitive, gap, NEVER_MISSING.fill("en", text=gap)),
        warnings=(
            *pupil.warnings,
            NOT_USED[table].fill("en", number=number),
            UNLEARNED.fill("en", domain=DOMAINS[secret[0].domain].en),
            advice_on(catalogue, hidden)[0].fill("en", now="3%", low="1%", high="9%"),
        ),
        suggested_help=(*pupil.suggested_help, *helps),
    )


def _moved(domains, role):
    """Move a part from what is folded to what is folded with it."""
    folded = role.folds(domains)
    if len(folded) < 2:
        return domains
    first, second = folded[0], folded[1]
    moved = domains | {first: domains[first] + 0.25, second: domains[second] - 0.25}
    moved = {name: moved[name] for name in DOMAINS if name in moved}
    return moved if role.folds(moved) == folded else domains
