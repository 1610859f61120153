"""The files under deploy/: they can be read, fit together, and hold what the documents promise."""

import configparser
import json
import re
from pathlib import Path

import pytest
import yaml

from seatkeeper.commands.exits import Exit
from seatkeeper.config import load_config
from seatkeeper.pulse import Pulse
from seatkeeper.webhooks.server import DATAVERSE, PARTNER_CENTER

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "seatkeeper"


class _Unit(dict):
    """Keeps every value of a key that a unit names more than once."""

    def __setitem__(self, key, value):
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


@pytest.fixture(scope="module")
def unit():
    parser = configparser.ConfigParser(dict_type=_Unit, strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "systemd" / "seatkeeper.service", encoding="utf-8")
    return parser


def test_the_unit_is_fed_by_the_work_loop_and_lets_it_be_silent_as_long_as_livez(unit):
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 2 * Pulse(poll_seconds=30).longest_silence_seconds
    assert int(service["TimeoutStopSec"]) == 30


def test_the_unit_does_not_restart_what_a_person_must_mend(unit):
    codes = {int(code) for code in unit["Service"]["RestartPreventExitStatus"].split()}
    assert codes == {Exit.USAGE, Exit.SIGN_IN, Exit.CONFIGURATION}
    assert unit["Service"]["Restart"] == "on-failure"


def test_the_unit_is_hardened(unit):
    service = unit["Service"]
    assert service["DynamicUser"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    families = set(service["RestrictAddressFamilies"].splitlines()[0].split())
    assert families == {"AF_INET", "AF_INET6", "AF_UNIX"}


@pytest.fixture(scope="module")
def dockerfile():
    return (DEPLOY / "container" / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_copies_files_that_are_there_and_every_package_of_the_wheel(dockerfile):
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        copied |= {word.rstrip("/") for word in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = set(
        re.findall(r'"(\w+)"', re.search(r"^packages = (.+)$", project, re.MULTILINE).group(1))
    )
    assert packages | {"mappings"} <= copied
    ignore = (DEPLOY / "container" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert copied <= set(re.findall(r"^!(\S+)$", ignore, re.MULTILINE))


def test_the_image_runs_as_nobody_and_asks_itself_how_it_is(dockerfile):
    last = dockerfile.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (\d+):\d+$", last, re.MULTILINE).group(1) != "0"
    assert re.search(r'HEALTHCHECK [^\n]+\\\n +CMD \["seatkeeper", "health"', last)
    assert 'ENTRYPOINT ["seatkeeper"]' in last


@pytest.fixture
def settings(tmp_path):
    """Return a configuration as a container finds it."""
    text = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


SECRETS = {"DATAVERSE_CLIENT_SECRET": "a", "PARTNER_CENTER_CLIENT_SECRET": "b"}


def test_the_variables_of_the_image_are_keys_of_the_configuration(dockerfile, settings):
    given = dict(re.findall(r"(SEATKEEPER__\w+)=(\S+)", dockerfile))
    config = load_config(settings, {**SECRETS, **given})
    assert config.health.listen == "127.0.0.1:9464"
    assert str(config.state_file) == "/data/state.db"


def test_the_compose_file_is_read_only_and_publishes_on_this_machine_only(settings):
    text = (DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8")
    service = yaml.safe_load(text)["services"]["seatkeeper"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["stop_grace_period"] == "30s"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert load_config(settings, {**SECRETS, **service["environment"]}).health.listen
    built = DEPLOY / "container" / service["build"]["context"]
    assert (built / service["build"]["dockerfile"]).exists()


VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


TEMPLATE = (CHART / "templates" / "seatkeeper.yaml").read_text(encoding="utf-8")
ASKED = {"webhooks": {"enabled": True, "ingress": {"enabled": True}}}
"""What an operator sets who wants calls from outside."""


def value(path, given):
    """Return a value that the operator gives, or else its default; None for one of Helm itself."""
    for values in (given, VALUES):
        found = values
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None


def kept_lines(given):
    """Yield the lines of the template whose conditions hold."""
    holds = []
    for line in TEMPLATE.splitlines():
        if begun := re.match(r"^\s*\{\{- (?:if|with) \.Values\.([\w.]+) \}\}$", line):
            holds.append(bool(value(begun.group(1), given)))
        elif re.match(r"^\s*\{\{- end \}\}$", line):
            holds.pop()
        elif all(holds) and not re.match(r"^\s*\{\{- [^}]*\}\}$", line):
            yield line
    assert holds == []


def rendered(given):
    """Return the objects of the chart, with x in the place of every value."""
    text = re.sub(r"\{\{-? ?[^}]*\}\}", "x", "\n".join(kept_lines(given)))
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def objects():
    return rendered({})


def test_the_chart_runs_one_replica_that_is_never_doubled(objects):
    spec = objects["Deployment"]["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30


def test_the_chart_asks_the_addresses_that_are_answered(objects):
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    asked = {name: container[name]["httpGet"]["path"] for name in container if "Probe" in name}
    assert asked == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_chart_gives_variables_that_are_keys_of_the_configuration(objects, settings):
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"]}
    config = load_config(settings, {**SECRETS, **given})
    assert config.health.listen == "0.0.0.0:9464"
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert str(config.state_file).startswith(mounts["state"])


def test_the_chart_takes_calls_from_outside_only_when_it_is_asked_to(objects):
    assert set(objects) == {"ConfigMap", "PersistentVolumeClaim", "Deployment"}
    assert "webhooks" not in json.dumps(objects).lower()
    assert set(rendered({"webhooks": {"enabled": True}})) == {*objects, "Service"}


def test_a_call_from_outside_reaches_the_listener_of_the_chart(settings):
    made = rendered(ASKED)
    (rule,) = made["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert all(one.startswith(path["path"]) for one in (DATAVERSE, PARTNER_CENTER))
    (port,) = made["Service"]["spec"]["ports"]
    assert path["backend"]["service"]["port"]["name"] == port["name"]
    spec = made["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    config = listening_config(settings, {one["name"]: one["value"] for one in container["env"]})
    assert config.listen == f"0.0.0.0:{ports[port['targetPort']]}"
    mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert config.key_file == Path(mounted["webhooks"]) / "tls.key"
    assert "webhooks" in {one["name"] for one in spec["volumes"]}


def test_the_compose_file_for_calls_from_outside_publishes_the_listener_over_tls(settings):
    text = (DEPLOY / "container" / "compose.webhooks.yaml").read_text(encoding="utf-8")
    service = yaml.safe_load(text)["services"]["seatkeeper"]
    config = listening_config(settings, service["environment"])
    assert service["ports"] == [f"8443:{config.listen.rsplit(':', 1)[1]}"]
    inside = {one.split(":")[1] for one in service["volumes"]}
    assert {str(config.certificate_file), str(config.key_file)} == inside


def listening_config(settings, given):
    """Return the section `webhooks` of a configuration that names one service."""
    named = {"SEATKEEPER__WEBHOOKS__DATAVERSE__REGISTERED_KEY": "a key of sixteen or more"}
    return load_config(settings, {**SECRETS, **named, **given}).webhooks


def test_every_value_that_the_chart_uses_has_a_default():
    for path in set(re.findall(r"\.Values((?:\.\w+)+)", TEMPLATE)):
        found = VALUES
        for name in path[1:].split("."):
            assert name in found, path
            found = found[name]


def test_the_versions_of_the_chart_are_that_of_the_project():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE).group(1)
    assert {chart["version"], chart["appVersion"], VALUES["image"]["tag"]} == {version}


def test_the_panels_of_the_dashboard_do_not_lie_on_each_other():
    board = json.loads((DEPLOY / "grafana" / "seatkeeper.json").read_text(encoding="utf-8"))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
