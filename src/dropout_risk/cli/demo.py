"""``dropout-risk demo``: the whole way, from simulated records to a served reply."""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dropout_risk.cli import options, service
from dropout_risk.cli.demo_week import BOOK, SECRET, STORE, write_demo_week
from dropout_risk.cli.morning import summary_line
from dropout_risk.errors import DropoutRiskError
from dropout_risk.settings import Settings
from dropout_risk.text import Language, Text, language_of

if TYPE_CHECKING:
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel
    from dropout_risk.scoring.scores import Scores


READY_SECONDS = 90
N_DAYS = 340
STEPS = {
    "simulate": Text(
        zh="1 模拟{students}名学生（模拟数据：没有任何真实的孩子）",
        en="1 Simulate {students} pupils (SYNTHETIC: no real child is in here)",
    ),
    "check": Text(zh="2 检查记录", en="2 Check the records"),
    "train": Text(
        zh="3 用每月的评分日训练，用以后的评分日检验，登记到MLflow",
        en="3 Train on monthly snapshots, test on later ones, log to MLflow",
    ),
    "list": Text(zh="4 写出今天的关注名单", en="4 Write the morning's watch list"),
    "week": Text(
        zh="5 用个案簿过完最近一周（工作人员也是模拟的）",
        en="5 Live through the last week with a case book (its staff is made up too)",
    ),
    "serve": Text(
        zh="6 启动评分服务，提交一名学生的记录", en="6 Serve the model and post one pupil's records to it"
    ),
    "lies": Text(zh="全部文件在", en="Everything lies in"),
    "next": Text(zh="接下来可以试试", en="Try next"),
}
CONTENTS = {
    "records": Text(zh="模拟的学校记录（Parquet）", en="the simulated school records (Parquet)"),
    "mapping.toml": Text(
        zh="县里对记录的声明：学籍变动登记到哪一天为止是完整的",
        en="what the county declares of its records: up to which day outcomes are complete",
    ),
    "model": Text(
        zh="模型包：模型、特征目录、说明书、清单", en="the bundle: model, catalogue, card, manifest"
    ),
    "report": Text(
        zh="完整报告和模型说明书，中英文各一份",
        en="the whole report and the model card, in Chinese and English",
    ),
    "mlflow.db": Text(zh="MLflow的训练记录和模型登记", en="the MLflow runs and the model registry"),
    "casebook.db": Text(zh="一周的个案簿", en="the case book of a week"),
    "reply.json": Text(
        zh="服务的完整答复；提交的内容在request.json",
        en="the endpoint's whole reply; request.json is what was posted",
    ),
}
OPEN_PAGES = Text(zh="今天的关注名单：用浏览器打开", en="the morning's watch list: open it in a browser")
TODAY = Text(
    zh="“今天”：先启动服务，再打开下面的地址（24小时内有效）",
    en="Today: start the service, then open the address below it (within 24 hours)",
)
SHORTENED = Text(zh="（已缩短）", en="(shortened)")


def demo(
    out: Annotated[Path, typer.Option(help="Where everything is written.")] = Path("demo"),
    students: Annotated[int, typer.Option(min=500, help="Number of simulated pupils.")] = 3000,
    seed: Annotated[int, typer.Option(help="Another seed, another district.")] = 7,
    language: Annotated[str, typer.Option(help="Language of the pages: zh or en.")] = "en",
) -> None:
    """Simulate a district, check, train, log, write the morning's list and a week's cases, serve a pupil."""
    from dropout_risk.tracking.tracking_store import require_mlflow

    speech = language_of(language)
    require_mlflow()
    options.require_book()
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    _say_step("simulate", speech, students=students)
    records = _simulate_records(out, students, seed)
    _say_step("check", speech)
    typer.echo(records.check().text(speech))
    _say_step("train", speech)
    model = _train_model(records, out, speech)
    _say_step("list", speech)
    today = records.observed_to + dt.timedelta(days=1)
    pages, scores = _write_list(model, records, today, out, speech)
    _say_step("week", speech)
    link = write_demo_week(model, records, today, out, speech)
    _say_step("serve", speech)
    _post_one_pupil(scores, records, today, out)
    _where_everything_lies(out, pages, today, speech)
    _where_today_is(out, link, today, speech)


def _say_step(step: str, language: Language, **fields: object) -> None:
    typer.secho(f"\n{STEPS[step].fill(language, **fields)}", bold=True)


def _simulate_records(out: Path, students: int, seed: int) -> SchoolRecords:
    import pyarrow.parquet as pq

    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.simulate.district import simulate_tables

    folder = out / "records"
    folder.mkdir(exist_ok=True)
    simulated = simulate_tables(students, seed, n_days=N_DAYS)
    for name, table in simulated.tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    declared = f"outcomes_to = {simulated.last_day}  # every dropout up to this day is among the outcomes\n"
    (out / "mapping.toml").write_text(declared, encoding="utf-8")
    return SchoolRecords.from_tables(
        **simulated.tables, truth=simulated.truth, synthetic=True, mapping=out / "mapping.toml"
    )


def _train_model(records: SchoolRecords, out: Path, language: Language) -> RiskModel:
    from dropout_risk.tracking.run_content import RunContent, report_artefacts
    from dropout_risk.training.train import train

    tracking = {"uri": f"sqlite:///{out / 'mlflow.db'}", "artifacts": str(out / "mlartifacts")}
    run = train(records, Settings(language=language, tracking=tracking), progress=True)
    typer.echo(run.report.summary(language))
    RunContent(artefacts=report_artefacts(run.report)).write_to(out / "report")
    run.model.save(out / "model")
    return run.model


def _write_list(
    model: RiskModel, records: SchoolRecords, today: dt.date, out: Path, language: Language
) -> tuple[Path, Scores]:
    """Write today's list, compared with that of a week before."""
    from dropout_risk.pages.reader_folders import write_morning
    from dropout_risk.pages.review import Review
    from dropout_risk.watchlist.watch_list import WatchList

    before = model.score(records, today - dt.timedelta(days=7), language=language)
    previous = WatchList.of(before, settings=model.settings.watch_list)
    review = Review.of(model, records, today, language=language, previous=previous)
    typer.echo(summary_line(review.watch_list))
    return write_morning(review, out / "watchlist"), review.scores


def _post_one_pupil(scores: Scores, records: SchoolRecords, today: dt.date, out: Path) -> None:
    from dropout_risk.scoring.request import request_of

    pupil = max(scores.pupils, key=lambda score: score.risk)
    body = request_of(records, [pupil.student_id], today, scores.language)
    (out / "request.json").write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
    with _serve_bundle(out) as address:
        reply = _post_json(f"{address}/score", body)
    text = json.dumps(reply, ensure_ascii=False, indent=1)
    (out / "reply.json").write_text(text, encoding="utf-8")
    typer.echo(f"{_shorten_reply(reply)}\n{SHORTENED.to(scores.language)}")


@contextmanager
def _serve_bundle(out: Path) -> Iterator[str]:
    """Start the service on a free port, wait until it is ready, and stop it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = service.serve_environment(out / "model")
    environment |= {"BENTOML_HOME": str(out / "bentoml"), "DROPOUT_RISK_ALLOW_SYNTHETIC": "1"}
    with (out / "service.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            service.serve_command("127.0.0.1", port), env=environment, stdout=log, stderr=log
        )
        try:
            _wait_until_ready(process, address, out / "service.log")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(READY_SECONDS * 4):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise DropoutRiskError(f"The service did not become ready in {READY_SECONDS} seconds.", hint=f"see {log}")


def _post_json(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        reply: dict[str, Any] = json.load(answer)
    return reply


def _shorten_reply(reply: dict[str, Any]) -> str:
    """Show a reply with its first reasons only."""
    shown = reply["results"][0] | {
        "raising": reply["results"][0]["raising"][:1],
        "lowering": [],
        "missing": [],
    }
    return json.dumps(reply | {"results": [shown]}, ensure_ascii=False, indent=1)


def _where_everything_lies(out: Path, pages: Path, today: dt.date, language: Language) -> None:
    _say_step("lies", language)
    typer.echo(f"  {pages}  {OPEN_PAGES.to(language)}")
    for name, what in CONTENTS.items():
        typer.echo(f"  {out / name}  {what.to(language)}")
    command = sys.argv[0]
    _say_step("next", language)
    model, other = out / "model", "en" if language == "zh" else "zh"
    there = out / f"watchlist-{other}"
    typer.echo(
        f"  {command} watchlist {out / 'records'} --model {model} --as-of {today} --out {there} "
        f"--language {other}"
    )
    typer.echo(f"  {command} catalogue --language {language}")
    typer.echo(f"  {command} serve --model {out / 'model'} --allow-synthetic")


def _where_today_is(out: Path, link: str, today: dt.date, language: Language) -> None:
    """Print the address of the first page of a day, and what serves it."""
    typer.echo(f"  {TODAY.to(language)}")
    book = f"sqlite:///{out / BOOK}"
    typer.echo(
        f"  {sys.argv[0]} serve --model {out / 'model'} --store {out / STORE} --book {book} "
        f"--secret {out / SECRET} --day {today} --language {language}"
    )
    typer.echo(f"  {link}")
