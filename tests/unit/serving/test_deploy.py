"""What the service is run with is sound as far as it can be read here, and names nothing that is not there.

No image is built and no cluster is asked: neither is there where these tests run. What a cluster, compose and
systemd would say of the form of their files is asked of their own schemas and tools.
"""

import configparser
import http.server
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from serving.deploy.is_ready import is_ready

from dropout_risk.access.access_settings import variables_of_access
from support import machine

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "serving" / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.suffix not in (".py", ".json") and path.is_file())
IMAGE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OBJECTS = {made["kind"]: made for made in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))}
POD = OBJECTS["Deployment"]["spec"]["template"]["spec"]
NAMED = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?(:[\w.-]+)?")


def steps(word):
    """What follows an instruction of the image, continued lines joined."""
    joined = IMAGE.replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


def known_variables():
    """Every variable that the service reads, by the places that read it."""
    sources = [*(ROOT / "serving").rglob("*.py"), *(ROOT / "src").rglob("*.py")]
    text = "".join(path.read_text("utf-8") for path in sources)
    spelled = set(re.findall(r"DROPOUT_RISK_[A-Z_]+", text)) | {*variables_of_access()}
    short = re.findall(r'"([A-Z_]{3,})"', text)  # as in f"DROPOUT_RISK_{name}"
    return spelled | {f"DROPOUT_RISK_{name}" for name in short}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_names_a_registry_or_an_address_to_load_from(path):
    text = path.read_text("utf-8")
    assert re.findall(r"https?://", text) == []
    images = re.findall(r"^\s*image: (\S+)", text, re.M) + re.findall(r"^FROM (\S+)", text, re.M)
    assert all(NAMED.fullmatch(image.replace("${PYTHON}", "3")) for image in images)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_that_is_set_is_one_that_the_service_reads(path):
    named = set(re.findall(r"DROPOUT_RISK_[A-Z_]+", path.read_text("utf-8")))
    assert named - known_variables() == set()


def test_the_image_is_run_by_nobody_special_and_says_whether_it_is_well():
    assert steps("USER") == ["10001"]
    assert "serving.deploy.is_ready" in steps("HEALTHCHECK")[0]
    assert "requirements.txt" in IMAGE
    assert "--no-deps ." in IMAGE


def test_everything_that_is_copied_into_the_image_is_there():
    for told in steps("COPY"):
        *sources, _ = [part for part in told.split() if not part.startswith("--")]
        if "--from=build" not in told:
            assert [source for source in sources if not (ROOT / source).exists()] == []
    for command in (*steps("CMD"), *steps("RUN"), *steps("HEALTHCHECK")):
        for module in re.findall(r'-m"?,? "?(serving[\w.]+)', command):
            assert (ROOT / (module.replace(".", "/") + ".py")).exists()


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_is_confined(name):
    told = COMPOSE["services"][name]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in told.get("ports", []))
    assert {*told.get("secrets", [])} <= {*COMPOSE["secrets"]}
    mounted = {volume.split(":")[0] for volume in told.get("volumes", [])}
    assert all(place in COMPOSE["volumes"] or place.startswith("./") for place in mounted)


def test_what_is_mounted_from_beside_is_there_or_said_to_be_made():
    mounts = [v.split(":")[0] for told in COMPOSE["services"].values() for v in told.get("volumes", [])]
    page = (ROOT / "docs/how-to/deploy.md").read_text("utf-8")
    for place in [mount for mount in mounts if mount.startswith("./")]:
        assert (DEPLOY / place).exists() or place.removeprefix("./") in page
    for told in COMPOSE["secrets"].values():
        assert Path(told["file"]).name in page


def test_prometheus_looks_where_the_service_is_and_reads_rules_that_are_mounted():
    told = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text("utf-8"))
    mounted = {volume.split(":")[1] for volume in COMPOSE["services"]["prometheus"]["volumes"]}
    assert {*told["rule_files"]} <= mounted
    assert told["scrape_configs"][0]["static_configs"][0]["targets"] == ["app:3000"]


def test_the_pod_runs_confined_and_is_asked_whether_it_is_well():
    (container,) = POD["containers"]
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
    assert container["resources"]["limits"]["memory"]


def test_what_the_pod_mounts_is_declared_and_what_selects_it_finds_it():
    (container,) = POD["containers"]
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in POD["volumes"]}
    labels = OBJECTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"], OBJECTS["Service"]["spec"]["selector"],
        OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]  # fmt: skip
    assert all(selector.items() <= labels.items() for selector in selectors)


KUBERNETES = ("1.30", "1.37")
"""The oldest and the newest version that the objects are written for."""


def asked_of_schemas(*words):
    """Run a checker of schemas that has an environment of its own; give how it ended and what it said."""
    machine.require(machine.DEPLOY_SCHEMAS)
    path = os.environ | {"PYTHONPATH": str(machine.DEPLOY_FOLDER)}
    done = subprocess.run(
        [sys.executable, "-c", *map(str, words)], env=path, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


VALIDATE = "import kubernetes_validate as k, sys, yaml; "
VALIDATE += "[k.validate(made, sys.argv[2], strict=True) for made in yaml.safe_load_all(open(sys.argv[1]))]"
CHECK = "from check_jsonschema import main; main()"


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_knows_every_field_of_the_objects(version, tmp_path):
    text = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("readOnlyRootFilesystem", "readOnlyRoot"), "utf-8")
    assert asked_of_schemas(VALIDATE, DEPLOY / "kubernetes.yaml", version) == (0, "")
    assert "readOnlyRoot" in asked_of_schemas(VALIDATE, wrong, version)[1]


def test_compose_knows_every_field_of_the_containers(tmp_path):
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(text.replace("read_only", "readonly"), "utf-8")
    how = (CHECK, "--builtin-schema", "vendor.compose-spec")
    assert asked_of_schemas(*how, DEPLOY / "compose.yaml")[0] == 0
    status, said = asked_of_schemas(*how, wrong)
    assert (status, "readonly" in said) == (1, True)


def test_whoever_stops_a_container_waits_for_the_longest_answer():
    from serving.gate.costs import Limits

    assert POD["terminationGracePeriodSeconds"] > Limits.seconds
    assert int(COMPOSE["services"]["app"]["stop_grace_period"].removesuffix("s")) > Limits.seconds
    assert unit_settings()["Service"]["TimeoutStopSec"] == "70"


def test_a_key_that_is_taken_back_is_gone_in_the_container_too():
    """A file is exchanged by renaming: a container that had the file itself would keep the former one."""
    app = COMPOSE["services"]["app"]
    file = Path(app["environment"]["DROPOUT_RISK_API_KEYS_FILE"])
    assert [volume.split(":")[1] for volume in app["volumes"]].count(str(file.parent)) == 1


def test_a_pod_ends_once_nobody_is_sent_to_it_and_is_waited_for():
    from serving.gate.costs import Limits

    (container,) = POD["containers"]
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] > waits + Limits.seconds


def test_the_unit_has_a_user_to_whom_keys_can_be_given():
    user = unit_settings()["Service"]["User"]
    assert f"nologin {user}" in (ROOT / "docs/how-to/deploy.md").read_text("utf-8")


def unit_settings():
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read(DEPLOY / "dropout-risk.service", "utf-8")
    return read


def test_the_unit_does_not_start_again_what_cannot_start():
    from serving.run import CANNOT_START, GAVE_UP, NOT_CONFIGURED

    told = unit_settings()["Service"]["RestartPreventExitStatus"].split()
    assert told == [str(code) for code in (NOT_CONFIGURED, CANNOT_START, GAVE_UP)]


def test_systemd_understands_the_unit_and_finds_it_confined(tmp_path):
    machine.require(machine.SYSTEMD)
    text = (DEPLOY / "dropout-risk.service").read_text("utf-8")
    unit = tmp_path / "dropout-risk.service"
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", text))
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if "dropout-risk.service" in line] == []
    told = subprocess.run(
        ["systemd-analyze", "--offline=true", "security", unit], capture_output=True, text=True, check=False
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    if exposure is not None:  # systemd before 250 looks at units that are loaded alone
        assert float(exposure[1]) < 2


def test_the_health_check_says_yes_to_a_ready_service_alone():
    class Answering(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = [is_ready(server.server_port)]
        Answering.status = 503
        found.append(is_ready(server.server_port))
        server.shutdown()
    assert [*found, is_ready(server.server_port, 0.5)] == [True, False, False]


ASK = """
import sys
from dropout_risk.scoring.bundles.model_switch import try_model
from dropout_risk.scoring.risk_model import RiskModel
try_model(RiskModel.load(sys.argv[1]))
"""


@pytest.mark.slow
def test_with_loops_from_the_image_nothing_is_compiled_any_more(bundle, tmp_path):
    warm, own = tmp_path / "warm", tmp_path / "own"
    warm.mkdir()
    told = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "WARM_LOOPS": str(warm)}
    build = [sys.executable, "-m", "serving.deploy.warm_loops"]
    subprocess.run(build, env=told | {"NUMBA_CACHE_DIR": str(warm)}, cwd=tmp_path, check=True)
    kept = {path.relative_to(warm): path.read_bytes() for path in warm.rglob("*.nb?")}
    assert kept
    start = ["sh", DEPLOY / "start.sh", sys.executable, "-c", ASK, bundle]
    subprocess.run(start, env=told | {"NUMBA_CACHE_DIR": str(own)}, cwd=tmp_path, check=True)
    assert {path.relative_to(own): path.read_bytes() for path in own.rglob("*.nb?")} == kept
    assert own.stat().st_mode & 0o777 == 0o700
