"""The dashboard, the alerts and the compose file name what exists: metrics, labels, their values, and files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.observing import metrics
from bot.settings import Settings
from tests.promql import Query, Wrong, parsed

ROOT = Path(__file__).parent.parent
GRAFANA = ROOT / "serving" / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "shopdesk.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((GRAFANA / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
OF_PROMETHEUS = {"up": {"job", "instance"}, "process_cpu_seconds_total": {"job", "instance"}} | {
    "process_resident_memory_bytes": {"job", "instance"}
}
ADDED_BY_PROMETHEUS = {"instance", "job", "le"}
VALUES = {
    "ended": metrics.ENDINGS, "answered_by": metrics.ANSWERERS, "stage": metrics.STAGES, "what": metrics.REFUSALS,
    "outcome": metrics.MODEL_OUTCOMES, "result": metrics.DELIVERIES,
}  # fmt: skip


def known() -> dict[str, set[str]]:
    """Every name that a scrape may have, with its labels."""
    found = {name: set(labels) for name, labels in OF_PROMETHEUS.items()}
    for collector in (one for one in vars(metrics).values() if hasattr(one, "_labelnames")):
        name, labels = collector._name, set(collector._labelnames)
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(collector._type, ("",))
        found |= {name + suffix: labels for suffix in suffixes}
    return found


def expressions() -> list[tuple[str, str]]:
    """(where it stands, query)"""
    of_panels = [(panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel.get("targets", [])]
    return of_panels + [(rule["alert"], rule["expr"]) for rule in RULES]


@pytest.mark.parametrize(("where", "text"), expressions())
def test_every_query_asks_for_what_there_is(where: str, text: str) -> None:
    query: Query = parsed(text)
    there = known()
    assert query.metrics and query.metrics <= there.keys(), query.metrics - there.keys()
    labels = set().union(*(there[name] for name in query.metrics))
    assert query.labels <= labels | ADDED_BY_PROMETHEUS, query.labels - labels
    for metric, label, pattern in query.matchers:
        assert label in there[metric], f"{metric} has no label {label}"
        for value in re.split(r"\|", pattern):
            assert value in VALUES.get(label, ("shopdesk",)), f"{label} is never {value}"


@pytest.mark.parametrize(
    "text",
    [
        "sum(shopdesk_turns_total",
        "rate(shopdesk_turns_total)",
        "sum(rate(shopdesk_turns_total[5m])) by",
        "shopdesk_turns_total[5m]",
        "max(shopdesk_queue_conversations)[5m]",
        "sum by (le rate(shopdesk_turns_total[5m]))",
        "shopdesk_turns_total{ended=finished}",
        "histogram_quantile(shopdesk_turn_seconds_bucket)",
        "median(shopdesk_sockets_open)",
        "shopdesk_sockets_open > ",
        "shopdesk_sockets_open 5",
    ],
)
def test_what_is_no_query_is_told_apart(text: str) -> None:
    with pytest.raises(Wrong):
        parsed(text)


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    shown = set().union(*(parsed(text).metrics for _, text in expressions()))
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown}
    ours = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in known() if name.startswith("shopdesk_")}
    assert ours <= families, ours - families


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    numbers = [panel["id"] for panel in BOARD["panels"]]
    assert len(numbers) == len(set(numbers))


def test_every_alert_says_how_urgent_it_is_and_what_is_the_matter() -> None:
    document = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"] and rule["alert"] in document, rule["alert"]


def test_the_document_explains_every_metric() -> None:
    document = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known() if name.startswith("shopdesk_")}
    assert not {name for name in named if f"`{name}" not in document}


def test_the_compose_profile_mounts_files_that_exist_and_scrapes_the_port_that_is_set() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["watch"]
        for mount in services[name]["volumes"]:
            assert not mount.startswith("./") or (ROOT / mount.split(":")[0]).exists(), mount
    scraped = yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    found = scraped[0]["dns_sd_configs"][0]
    assert set(found["names"]) == {"web", "worker", "telegram", "discord"} <= services.keys()
    for name in found["names"]:
        assert services[name]["environment"]["SHOPDESK_METRICS_PORT"] == found["port"]
    assert {"metrics_port", "metrics_host"} <= Settings.model_fields.keys()
    provisioned = yaml.safe_load((GRAFANA / "provisioning/dashboards/shopdesk.yml").read_text(encoding="utf-8"))
    folder = provisioned["providers"][0]["options"]["path"]
    assert any(mount.split(":")[1].startswith(folder) for mount in services["grafana"]["volumes"] if ":" in mount)
