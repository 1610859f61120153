"""A stage seen from both sides: people change the row and the licence, the daemon compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from seatkeeper.mapping_folder import shipped
from sync.ports import Store
from sync.sides import Baseline
from tests.engine.opening import open_stage
from tests.engine.stage import Setting, Stage, kind_of, outcome_of

ALIKE = {
    "sk_autorenew": True,
    "sk_termenddate": "2025-12-31",
    "sk_termduration": "P1Y",
}
"""What the row holds of the plain fields when the daemon first looks."""


@dataclass(slots=True, kw_only=True)
class Sides:
    """A stage, and what people and the daemon do on both of its sides."""

    stage: Stage

    @property
    def store(self) -> Store:
        return self.stage.application.store

    def at_partner_center(self, **fields: Any) -> None:
        """Change the licence by hand, as a person does in Microsoft's pages."""
        with self.stage.world.lock:
            self.stage.world.partner_center.change_by_hand(self.stage.licence_id, fields)

    def suspects(self, reason: str = "a test says so", at: datetime | None = None) -> None:
        subject = self.stage.subscription
        self.store.tx(lambda tx: tx.suspect([subject], reason, at=at, by="Ada"))

    def looks(self, at: datetime | None = None) -> None:
        """Suspect the subscription, and let the daemon look until nothing is left to do."""
        self.suspects(at=at)
        self.stage.runs()

    @property
    def base(self) -> Baseline | None:
        return self.store.tx(lambda tx: tx.baseline(self.stage.subscription))

    @property
    def differences(self) -> dict[str, str]:
        """Return what is known to differ, and what becomes of it."""
        found = self.store.tx(lambda tx: tx.differences(self.stage.subscription))
        return {one.field: one.outcome for one in found}

    @property
    def left(self) -> list[tuple[str, str]]:
        return self.store.tx(lambda tx: tx.suspects())

    def logged(self) -> list[tuple[str, int, str, str]]:
        """Return kind, seats, provisioning and origin of the logs."""
        origins = {126310000: "dynamics", 126310001: "partner center"}
        return [
            (kind_of(log), log["sk_quantitychange"], outcome_of(log), origins[log["sk_origin"]])
            for log in self.stage.logs()
        ]


def open_sides(**fields: Any) -> Sides:
    """Open a stage whose row and licence were compared once, and are alike."""
    row = {**ALIKE, **fields.pop("subscription", {})}
    found = Sides(stage=open_stage(Setting(subscription=row, **fields)))
    found.looks()
    return found


def mapped(folder: Path, **fields: Mapping[str, Any]) -> Path:
    """Copy the shipped mappings and change fields of the subscription."""
    target = folder / "mappings"
    target.mkdir()
    for path in shipped().glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.name == "subscription.yaml":
            for name, spec in fields.items():
                document["fields"][name] = {**document["fields"].get(name, {}), **spec}
            document.pop("tests")
        (target / path.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return target
