"""What a scrape says, and what others expect of it."""

import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "seatkeeper.json"
NAMED = re.compile(r"\b((?:seatkeeper|process)_\w+)(?:\{([^}]*)\})?")
ADDED = ("_bucket", "_count", "_sum", "_total", "_info")


@dataclass(frozen=True)
class Seen:
    """An answer over the wire."""

    status: int
    text: str


def fetch(address, path, method="GET"):
    """Ask a running daemon."""
    host, port = address.rsplit(":", 1)
    connection = HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return Seen(answer.status, answer.read().decode())
    finally:
        connection.close()


def families(text):
    """Return the names that a scrape declares, as rules and dashboards write them."""
    return set(re.findall(r"^# TYPE (\w+) \w+$", text, re.MULTILINE))


def is_there(name, declared):
    """Tell whether a name in an expression stands for a family of a scrape."""
    bare = [name.removesuffix(suffix) for suffix in ADDED if name.endswith(suffix)]
    return name in declared or any(one in declared for one in bare)


def labels_of(text, name):
    """Return the sets of label names that the samples of a metric carry."""
    found = re.findall(rf"^{name}(?:_total|_bucket)?\{{([^}}]*)\}}", text, re.MULTILINE)
    return {frozenset(re.findall(r"(\w+)=", one)) for one in found}


def value_of(text, name):
    """Return the value of a metric without labels."""
    (found,) = re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found)


def expressions():
    """Return every expression of the alert rules and of the dashboard."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [
        *(rule["expr"] for rule in _rules()),
        *(target["expr"] for panel in board["panels"] for target in panel["targets"]),
        *(one["query"] for one in board["templating"]["list"]),
    ]


def _rules():
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alert_names():
    return [rule["alert"] for rule in _rules()]


def expression_of(alert):
    """Return the expression of one alert rule."""
    (found,) = [rule["expr"] for rule in _rules() if rule["alert"] == alert]
    return found
