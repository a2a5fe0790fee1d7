"""The desk in Chromium, at the width of a phone: three people at one case, eight taps, and no script."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from serving.desk import desk_routes
from serving.gate.door import FORM_BYTES, Door, Limits
from starlette.applications import Starlette

from dropout_risk.casebook.rights import CASE_ROLES
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.screens import SCREENS
from support.desk_town import PERSON_OF_ROLE, Town
from support.reviewed import Watched

PHONE = {"width": 390, "height": 844}


@contextlib.contextmanager
def served(town):
    """Serve a town's desk behind the door, on a free port of this machine."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    app = Door(Starlette(routes=desk_routes(lambda: town.room)), Limits())
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([held],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def town():
    return Town()


@pytest.fixture
def base(town):
    with served(town) as address:
        yield address


@contextlib.contextmanager
def signed_in(browser, base, town, person):
    """A phone of one person, who came in by the link."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    watched = Watched(context.new_page())
    watched.page.goto(f"{base}/desk/enter?token={town.room.keys.link_for(person)}")
    watched.page.get_by_role("button", name="进入").click()
    yield watched
    context.close()


def test_a_visit_is_written_down_in_at_most_eight_taps(browser, base, town):
    with signed_in(browser, base, town, "t-1") as watched:
        page, taps = watched.page, []

        def tap(found):
            taps.append(found)
            found.click()

        card = page.locator("article.card", has_text="赵一")
        tap(card.get_by_role("link", name="登记家访"))
        for name in ("祖父母", "村（社区）", "家庭变故", "约定返校"):
            tap(page.locator("label.tap", has_text=name))
        tap(page.locator("label.tap", has_text="5月22日"))
        tap(page.get_by_role("button", name="保存", exact=True))

        assert page.locator(".said").inner_text() == "已保存。"
        assert len(taps) <= 8
    entry = town.book.entries(town.case("p-1").id)[-1]
    assert (entry.data["way"], entry.data["met"], entry.data["due"]) == (
        "home_visit",
        ["grandparents"],
        "2025-05-22",
    )


def test_whoever_says_that_the_pupil_is_back_is_led_to_the_day_of_the_return(browser, base, town):
    with signed_in(browser, base, town, "t-1") as watched:
        page = watched.page
        page.locator("article.card", has_text="赵一").get_by_role("link", name="登记联系").click()
        for name in ("学生", "还没弄清", "已返校"):
            page.locator("label.tap", has_text=re.compile(f"^{name}$")).click()
        page.get_by_role("button", name="保存", exact=True).click()
        assert "登记返校" in page.locator("h1").inner_text()
        page.get_by_role("button", name="保存", exact=True).click()
        assert "复学稳定期" in page.locator(".whose").inner_text()
    assert town.case("p-1").state == "staying"


def test_three_people_at_one_case_at_once_learn_only_what_is_theirs(browser, base, town):
    """p-4 has a case of the school and one that only counsellors know."""
    pages = (
        "/desk",
        "/desk/today",
        "/desk/evening",
        "/desk/gaps",
        "/desk/care",
        "/desk/village",
        "/desk/county",
        "/desk/worry",
    )
    case, care = (f"/desk/case/{town.address('p-4', line)}" for line in ("school", "care"))
    with contextlib.ExitStack() as stack:
        phones = {
            person: stack.enter_context(signed_in(browser, base, town, person)).page
            for person in ("e-1", "v-1", "t-1", "c-1")
        }
        told = {person: {} for person in phones}
        for path in (*pages, case, f"{case}/meet", f"{case}/seen", care, f"{care}/meet"):
            for person, page in phones.items():
                told[person][path] = (
                    page.goto(base + path).status,
                    page.locator("body").inner_text(),
                    page.content(),
                )

    def open_to(person):
        return {path for path, (status, _, _) in told[person].items() if status == 200}

    def read_by(person):
        return "\n".join(text for _, text, _ in told[person].values())

    assert open_to("e-1") == {"/desk"}
    assert open_to("v-1") == {"/desk", "/desk/village", f"{case}/seen"}
    assert open_to("t-1") == {"/desk", "/desk/today", "/desk/evening", "/desk/worry", case, f"{case}/meet"}
    assert {care, f"{care}/meet", "/desk/care"} <= open_to("c-1")
    assert "李四" not in read_by("e-1")
    assert "李四" in read_by("v-1")
    assert [
        word for word in ("缺课", "预警", "班主任", "座号", "孙三", "钱二") if word in read_by("v-1")
    ] == []
    for person in ("e-1", "v-1", "t-1"):
        assert [word for word in ("心理测评", "危机", "约见") if word in read_by(person)] == [], person
        assert town.address("p-4", "care") not in "".join(source for _, _, source in told[person].values())
        assert told[person][care][1] == told[person]["/desk/care"][1] == told[person]["/desk/county"][1]
    assert "2\n今天要做" in told["t-1"]["/desk/today"][1], (
        "p-3, of whom only counsellors know, is not counted"
    )


def every_page(town, person):
    yield from (f"/desk/{name}" for name in SCREENS)
    for pupil, line in (("p-1", "school"), ("p-9", "school"), ("p-4", "care")):
        yield f"/desk/case/{town.address(pupil, line)}"
        yield from (f"/desk/case/{town.address(pupil, line)}/{name}" for name in DEEDS)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", CASE_ROLES)
def test_every_page_fits_a_phone_has_its_labels_and_headings_and_runs_nothing(
    browser, base, town, role, language
):
    context = browser.new_context(viewport=PHONE)
    cookie = town.room.keys.cookie_for(PERSON_OF_ROLE[role])
    context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
    watched = Watched(context.new_page())
    page = watched.page
    opened = 0
    for path in every_page(town, PERSON_OF_ROLE[role]):
        if page.goto(f"{base}{path}?lang={language}").status != 200:
            continue
        opened += 1
        found = page.evaluate(LOOK)
        assert found == {
            "wide": False,
            "scripts": 0,
            "headings": 1,
            "jumps": [],
            "nameless": [],
            "lang": language,
            "small": [],
            "faint": [],
        }, path
    assert opened or role == "parent"
    assert [line for line in watched.said if "404" not in line] == []
    assert all(url.startswith((base, "data:")) for url in watched.asked)
    context.close()


LOOK = """() => {
  const all = names => [...document.querySelectorAll(names)];
  const shown = e => e.getClientRects().length && !e.classList.contains('skip');
  const levels = all('h1,h2,h3,h4').map(h => +h.tagName[1]);
  const named = e => e.type === 'hidden' || e.labels?.length || (e.innerText || '').trim();
  const part = x => (x /= 255) <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return 'rgb(255,255,255)';
  };
  const contrast = e => {
    const pair = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return (pair[0] + .05) / (pair[1] + .05);
  };
  const speaks = e => shown(e) && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  return {
    wide: document.documentElement.scrollWidth > innerWidth,
    scripts: document.scripts.length,
    headings: document.querySelectorAll('h1').length,
    jumps: levels.filter((l, i) => i && l > levels[i - 1] + 1),
    nameless: all('input,select,textarea,button,a').filter(e => !named(e)).map(e => e.outerHTML),
    lang: document.documentElement.lang,
    small: all('.btn, .desk button, .tap span').filter(shown)
      .filter(e => e.getBoundingClientRect().height < 36).map(e => e.outerHTML),
    faint: all('main *, nav *').filter(e => speaks(e) && contrast(e) < 4.5).map(e => e.outerHTML),
  };
}"""


def test_the_keyboard_goes_from_the_first_question_to_the_button_in_the_order_of_the_page(
    browser, base, town
):
    with signed_in(browser, base, town, "t-1") as watched:
        page = watched.page
        page.goto(f"{base}/desk/case/{town.address('p-1')}/plan")
        order = []
        page.locator("input[name=reason]").first.focus()
        for _ in range(4):
            order.append(page.locator(":focus").get_attribute("name") or page.locator(":focus").inner_text())
            page.keyboard.press("Tab")

        assert order == ["reason", "due", "note", "保存"]


@pytest.fixture
def client(town, base):
    with httpx.Client(base_url=base, cookies={"desk": town.room.keys.cookie_for("t-1")}) as started:
        yield started


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_every_page_from_caches_and_frames(town, client):
    sent = client.post("/desk/enter", data={"token": town.room.keys.link_for("t-1")})
    told = sent.headers["set-cookie"].lower()
    page = client.get("/desk/today")

    assert sent.status_code == 303
    assert sent.headers["location"] == "../desk"
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "max-age=43200" in told
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    https = client.post(
        "/desk/enter", data={"token": town.room.keys.link_for("t-1")}, headers={"x-forwarded-proto": "https"}
    )
    assert "secure" in https.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("", 415),
        ("application/x-www-form-urlencoded; charset=gbk", 415),
    ],
)
def test_the_door_takes_nothing_but_forms(town, client, kind, status):
    path = f"/desk/case/{town.address('p-1')}/meet"
    sent = client.post(path, content=b"token=x", headers={"content-type": kind} if kind else {})

    assert sent.status_code == status


def test_the_door_stops_what_is_too_large_and_the_desk_stays_up(town, client):
    path = f"/desk/case/{town.address('p-1')}/meet"
    sent = client.post(path, data={"note": "x" * FORM_BYTES})

    assert sent.status_code == 413
    assert client.get("/desk/today").status_code == 200
    assert client.put(path, data={"note": "x"}).status_code == 405


def test_no_log_line_names_a_case_a_link_or_a_person(town, client, caplog):
    address = town.address("p-1")
    with caplog.at_level("INFO"):
        client.get(f"/desk/case/{address}")
        client.get("/desk/enter", params={"token": "abc.def"})
    lines = [record.getMessage() for record in caplog.records if "dropout_risk" in record.name]

    assert any("GET /desk 200" in line for line in lines)
    assert [line for line in lines if address in line or "abc.def" in line or "t-1" in line] == []


def test_the_address_with_a_slash_leads_to_the_one_without(client):
    assert client.get("/desk/", follow_redirects=False).headers["location"] == "../desk"
    assert client.get("/desk", follow_redirects=True).url.path == "/desk/today"
