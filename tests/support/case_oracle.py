"""The machine of a case once more, typed from the words of its design and not from the code.

A case is a dict. ``accepts`` says whether an act may be written, ``after`` what the case is then; both are as
plain as they can be, so that they are right by reading.
"""

import datetime as dt

TABLE = {
    "meet": {"open": "open", "staying": "staying"},
    "plan": {"open": "open", "staying": "staying"},
    "pass_up": {"open": "open", "staying": "staying"},
    "hand_over": {"open": "open", "staying": "staying"},
    "signal": {"open": "open", "staying": "open"},
    "returned": {"open": "staying"},
    "away": {"staying": "open"},
    "refer": {"open": "open", "staying": "staying"},
    "answer": {"open": "open", "staying": "staying"},
    "note": {"open": "open", "staying": "staying", "closed": "closed"},
    "correct": {"open": "open", "staying": "staying", "closed": "closed"},
    "close": {"open": "closed", "staying": "closed"},
}
NEEDS = {
    "open": ["pupil", "school", "line", "rule", "level", "owner", "due"],
    "meet": ["way", "met", "difficulty", "result", "due"],
    "plan": ["due", "reason"],
    "pass_up": ["level", "owner", "due"],
    "hand_over": ["owner"],
    "signal": ["rule", "due"],
    "returned": ["since", "due"],
    "away": ["since", "due"],
    "refer": ["to", "due"],
    "answer": ["to", "said"],
    "note": [],
    "correct": ["wrong"],
    "close": ["outcome"],
}
LOWEST = {
    "stayed": 0, "settled": 0, "false_alarm": 0, "corrected": 0,
    "transferred": 1, "home_teaching": 1, "deferred": 2, "lost": 3,
}  # fmt: skip
ASKED = {"transferred": "school", "home_teaching": "document", "deferred": "document"}
LATER_DAYS = ("meet", "plan", "refer", "returned")
STAYING_DAYS, MOST_MOVES, LONGEST_WAIT = 20, 2, 10


def last_day(today):
    """The tenth school day from today."""
    day, number = today, 0
    while number < LONGEST_WAIT:
        day += dt.timedelta(1)
        number += day.weekday() < 5
    return day


def top_of(case):
    """A case that only counsellors know of has nobody above them; the others go up to the county."""
    return 0 if case["line"] == "care" else 3


def is_whole(verb, data, today):
    """All that is needed is there, and no day is none."""
    if any(data.get(name) in (None, "", []) for name in NEEDS[verb]):
        return False
    for name in ("due", "since"):
        if name in data:
            try:
                dt.date.fromisoformat(data[name])
            except ValueError:
                return False
    if "due" in data and dt.date.fromisoformat(data["due"]) > last_day(today):
        return False
    return "since" not in data or dt.date.fromisoformat(data["since"]) <= today


def accepts(case, verb, day, today, data, level, note):
    """Say whether a case, None before it is opened, takes an act."""
    if day > today or not is_whole(verb, data, today):
        return False
    if case is None:
        return verb == "open" and data["level"] <= top_of(data)
    if verb == "open" or case["state"] not in TABLE[verb] or day < case["opened"]:
        return False
    if "level" in data and (type(data["level"]) is not int or not 0 <= data["level"] <= top_of(case)):
        return False
    if verb in LATER_DAYS and dt.date.fromisoformat(data["due"]) <= today:
        return False
    if verb in ("plan", "refer"):
        return case["moved"] < MOST_MOVES
    if verb == "pass_up":
        return case["level"] < data["level"]
    if verb == "answer":
        return data["to"] in case["referrals"]
    if verb == "close":
        return may_close(case, data, level, note)
    return True


def may_close(case, data, level, note):
    outcome = data["outcome"]
    if case["line"] == "care" and outcome in ("stayed", "home_teaching", "deferred", "lost"):
        return False
    if case["line"] == "school" and level < LOWEST[outcome]:
        return False
    if outcome == "stayed":
        stayed = data.get("present") or 0
        return case["state"] == "staying" and stayed >= STAYING_DAYS and not data.get("absent")
    if outcome == "settled":
        absences = [rule for rule in case["signals"] if rule.startswith(("absent_", "register_silent"))]
        return case["state"] == "open" and case["met"] is not None and not absences
    if outcome in ("false_alarm", "corrected"):
        return bool(note or data.get("why"))
    return outcome not in ASKED or bool(data.get(ASKED[outcome]))


def after(case, verb, day, data):
    """Give the case after an act that it took."""
    if case is None:
        return {
            "state": "open", "line": data["line"],
            "level": data["level"], "owner": data["owner"], "due": data["due"],
            "opened": day, "turned": day, "moved": 0, "outcome": None, "met": None, "referrals": {},
            "signals": {data["rule"]: data.get("since") or day.isoformat()},
        }  # fmt: skip
    case = {**case, "referrals": {**case["referrals"]}, "signals": {**case["signals"]}}
    state = TABLE[verb][case["state"]]
    if state != case["state"]:
        case["turned"] = day
    case["state"] = state
    if verb in ("meet", "returned", "pass_up"):
        case["due"], case["moved"] = data["due"], 0
    if verb in ("plan", "refer"):
        case["due"], case["moved"] = data["due"], case["moved"] + 1
    if verb in ("signal", "away"):
        case["due"], case["moved"] = min(case["due"], data["due"]), 0
    if verb == "meet" and data["met"] != ["nobody"]:
        case["met"] = day if case["met"] is None else min(day, case["met"])
    if verb in ("pass_up", "hand_over"):
        case["owner"], case["level"] = data["owner"], data.get("level", case["level"])
    if verb == "signal":
        case["signals"][data["rule"]] = data.get("since") or day.isoformat()
        case["level"], case["owner"] = (
            max(case["level"], data.get("level", 0)),
            data.get("owner", case["owner"]),
        )
    if verb in ("returned", "away"):
        case["turned"] = dt.date.fromisoformat(data["since"])
    if verb == "refer":
        case["referrals"][data["to"]] = ""
    if verb == "answer":
        case["referrals"][data["to"]] = data["said"]
        if "due" in data:
            case["due"], case["moved"] = min(case["due"], data["due"]), 0
    if verb == "close":
        case["state"], case["due"], case["outcome"], case["moved"] = "closed", None, data["outcome"], 0
    return case
