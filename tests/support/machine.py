"""What the commands need of a machine besides Python: found, installed where that can be done, or said.

``python tests/support/machine.py library`` and ``... tests`` are the first steps of ``make demo`` and ``make
test``. Only the standard library is used: the first runs before anything is installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Step = Literal["go on", "install", "leave out", "stop"]
ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OLDEST_JAVA = 17
LEFT_OUT = "ARE LEFT OUT"
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


@dataclass(frozen=True)
class Need:
    """One thing that pip cannot bring: how it is found, what brings it, and what is left out without it."""

    name: str
    packages: tuple[str, ...]
    found: Callable[[], bool]
    left_out: str = ""
    download: tuple[str, ...] = ()

    def line(self) -> str:
        """Say in one line what is left out and how to get it."""
        ways = [f"`sudo apt-get install {' '.join(self.packages)}`"] if self.packages else []
        ways += [f"`{' '.join(('.venv/bin/python', *self.download))}`"] if self.download else []
        if self.left_out:
            verb = "MAY NOT BE LEFT OUT IN CI" if in_ci() else LEFT_OUT
            head = f"{self.left_out.upper()} {verb}: no {self.name} that works was found here"
        else:
            head = f"{self.name.upper()} IS MISSING"
        return f"{head}. To get it: {', or '.join(ways)}; then the same command again."


def next_step(found: bool, *, can_install: bool, may_leave_out: bool, in_ci: bool) -> Step:
    """Decide what to do about one need.

    Parameters
    ----------
    found : bool
        Whether the machine has it.
    can_install : bool
        Whether there is a way to install it that was not tried yet.
    may_leave_out : bool
        Whether the command can do without it, by leaving something out.
    in_ci : bool
        Whether this is a run that may leave nothing out.
    """
    if found:
        return "go on"
    if can_install:
        return "install"
    return "leave out" if may_leave_out and not in_ci else "stop"


def in_ci() -> bool:
    """Say whether this run may leave nothing out."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def browser() -> str | None:
    """Give the path of a Chromium that starts, of the system or one that playwright brought."""
    named = [path for path in map(shutil.which, BROWSERS) if path]
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    own = [*cache.glob("chromium*/*/chrome-headless-shell"), *cache.glob("chromium*/*/headless_shell")]
    starting = (path for path in [*named, *map(str, own)] if re.search(r"\d+\.\d+", _said(path, "--version")))
    return next(starting, None)


def is_driven() -> bool:
    """Say whether the program runs with which playwright drives a browser: it needs libatomic."""
    found = importlib.util.find_spec("playwright")
    return found is not None and bool(
        _said(str(Path(found.origin or "").parent / "driver" / "node"), "--version")
    )


def has_java() -> bool:
    """Say whether there is a Java that Spark can use."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    version = re.search(r'version "(?:1\.)?(\d+)', _said(java, "-version")) if java else None
    return version is not None and int(version[1]) >= OLDEST_JAVA


def postgres_programs() -> str | None:
    """Give the folder with the programs of a PostgreSQL server; Debian puts them on no path."""
    named = shutil.which("initdb")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]), reverse=True
    )
    for folder in [*([Path(named).parent] if named else []), *folders]:
        if all(_said(str(folder / program), "--version") for program in ("initdb", "pg_ctl", "postgres")):
            return str(folder)
    return None


def has_openmp() -> bool:
    """Say whether the library is there with which LightGBM runs in threads."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return not sys.platform.startswith("linux")
    return True


def has_fonts() -> bool:
    """Say whether a page shows its words: any font will do, in CI it must be a Chinese one."""
    fc_list = shutil.which("fc-list")
    if fc_list is not None:
        return bool(_said(fc_list, ":lang=zh-cn" if in_ci() else ":", "family").strip())
    return not in_ci() and any(list(place.rglob("*.[ot]t[fc]")) for place in FONT_FOLDERS)


def _said(*command: str) -> str:
    """Give what a command prints, on either stream; nothing if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr


OPENMP = Need("the library libgomp, which LightGBM needs,", ("libgomp1",), has_openmp)
BROWSER = Need(
    "Chromium", ("chromium", "libatomic1", "fonts-noto-cjk", "fontconfig"),
    lambda: browser() is not None and is_driven(),
    "the browser tests", ("-m", "playwright", "install", "chromium"),
)  # fmt: skip
FONTS = Need("font", ("fonts-noto-cjk", "fontconfig"), has_fonts, "the browser tests")
JAVA = Need(f"Java {OLDEST_JAVA}", ("default-jre-headless",), has_java, "the tests of Spark")
POSTGRES = Need(
    "PostgreSQL", ("postgresql",), lambda: postgres_programs() is not None, "the tests of PostgreSQL"
)
SCHEMATHESIS_FOLDER = ROOT / "build" / "schemathesis"
SCHEMATHESIS = Need(
    "schemathesis", (), (SCHEMATHESIS_FOLDER / "schemathesis").is_dir, "the fuzzing of the service",
    ("-m", "pip", "install", "--quiet", "--target", str(SCHEMATHESIS_FOLDER), "schemathesis==4.32.5"),
)  # fmt: skip
"""In a folder of its own: it asks for another version of jsonschema-rs than the service has."""
GENERATOR_FOLDER = ROOT / "build" / "openapi-python-client"
GENERATOR = Need(
    "openapi-python-client", (), (GENERATOR_FOLDER / "openapi_python_client").is_dir,
    "the client that is generated",
    ("-m", "pip", "install", "--quiet", "--target", str(GENERATOR_FOLDER), "openapi-python-client==0.29.1"),
)  # fmt: skip
"""In a folder of its own, with what it and its clients import: the library needs none of it."""
DEPLOY_FOLDER = ROOT / "build" / "deploy-schemas"
DEPLOY_SCHEMAS = Need(
    "the schemas of Kubernetes and compose", (), (DEPLOY_FOLDER / "kubernetes_validate").is_dir,
    "the check of what the service is deployed with",
    ("-m", "pip", "install", "--quiet", "--target", str(DEPLOY_FOLDER), "kubernetes-validate==1.37.0",
     "check-jsonschema==0.39.0"),
)  # fmt: skip
"""In a folder of their own: 150 MB of schemas, which nothing else needs."""
SYSTEMD = Need(
    "systemd-analyze", ("systemd",), lambda: shutil.which("systemd-analyze") is not None,
    "the check of the unit",
)  # fmt: skip
NEEDS = {
    "library": (OPENMP,),
    "tests": (
        OPENMP,
        BROWSER,
        FONTS,
        JAVA,
        POSTGRES,
        SCHEMATHESIS,
        GENERATOR,
        DEPLOY_SCHEMAS,
        SYSTEMD,
    ),
}


def require(*needs: Need) -> None:
    """Leave the test out, with the line that says how to get what it needs; in CI, let it fail."""
    import pytest

    for need in needs:
        step = next_step(need.found(), can_install=False, may_leave_out=True, in_ci=in_ci())
        if step == "stop":
            pytest.fail(need.line(), pytrace=False)
        if step == "leave out":
            pytest.skip(need.line())


def apt_command(*words: str) -> list[str]:
    """Give the command of apt that neither asks nor waits for long."""
    patience = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"]
    return ["apt-get", *patience, "-qq", *words]


def ways_to_install(need: Need, *, is_root: bool, has_apt: bool) -> list[list[list[str]]]:
    """List the ways to install a need, each as its commands, the better one first."""
    ways = []
    if is_root and has_apt and need.packages:
        ways.append([apt_command("update"), apt_command("install", "-y", *need.packages)])
    if need.download:
        deps = ["--with-deps"] if is_root and has_apt and "playwright" in need.download else []
        ways.append([[sys.executable, *need.download, *deps]])
    return ways


def install(need: Need) -> None:
    """Try one way after the other until the need is there; say what is tried, and no more."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for way in ways_to_install(need, is_root=is_root, has_apt=shutil.which("apt-get") is not None):
        print(f"{need.name} is not there; trying: {' '.join(way[-1])}", flush=True)
        for command in way:
            try:
                subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
            except (OSError, subprocess.TimeoutExpired):
                break
        if need.found():
            return


def prepare(needs: Sequence[Need], tried: Path | None) -> int:
    """Get each need or say what is missing; give the exit code.

    What was tried in vain stands in the file ``tried``, and is not tried again while it stands there, but
    in CI.
    """
    failed = 0
    before = set(tried.read_text(encoding="utf-8").splitlines()) if tried and tried.exists() else set()
    for need in needs:
        how = {"may_leave_out": bool(need.left_out), "in_ci": in_ci()}
        can_install = in_ci() or need.name not in before
        step = next_step(need.found(), can_install=can_install, **how)
        if step == "install":
            install(need)
            step = next_step(need.found(), can_install=False, **how)
            before.add(need.name)
        if step == "stop":
            print(need.line(), file=sys.stderr)
            failed = 1
        if step == "leave out" and tried is not None:
            tried.write_text("\n".join(sorted(before)), encoding="utf-8")
    return failed


if __name__ == "__main__":
    place = Path(sys.prefix)
    sys.exit(prepare(NEEDS[sys.argv[1]], place / ".tried" if sys.prefix != sys.base_prefix else None))
