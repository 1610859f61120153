"""A provider whose subscriptions are files of JSON in a folder: `{"status": ..., "quantity": ...}`.

In the configuration:

    providers:
      shelf: {kind: shelf, settings: {folder: /var/lib/shelf}}
"""

import json
from collections.abc import Mapping
from pathlib import Path

from seatkeeper.providers import Holding, LicenceRef, NotFound, Refused, Tools


class Shelf:
    """Five verbs are all that a simple provider needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, ref: LicenceRef) -> Holding:
        """Say what is held."""
        held = self._held(ref)
        return Holding(status=str(held["status"]), quantity=int(str(held["quantity"])))

    def suspend(self, ref: LicenceRef, *, request_id: str) -> None:
        """Suspend it; what is ended already is refused with a sentence for a person."""
        del request_id  # suspending twice is the same as once
        if self._held(ref)["status"] == "cancelled":
            raise Refused("It lies no longer on the shelf.")
        self._put(ref, status="suspended")

    def reactivate(self, ref: LicenceRef, *, request_id: str) -> None:
        """Put it back in use."""
        del request_id
        self._put(ref, status="active")

    def cancel(self, ref: LicenceRef, *, request_id: str) -> None:
        """End it for good."""
        del request_id
        self._put(ref, status="cancelled")

    def set_quantity(self, ref: LicenceRef, quantity: int, *, request_id: str) -> None:
        """Set the number of seats."""
        del request_id
        self._put(ref, quantity=quantity)

    def _file(self, ref: LicenceRef) -> Path:
        return self._folder / f"{ref.subscription_id}.json"

    def _held(self, ref: LicenceRef) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads(self._file(ref).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotFound("there is no such file on the shelf") from None
        return found

    def _put(self, ref: LicenceRef, **changes: object) -> None:
        self._file(ref).write_text(json.dumps({**self._held(ref), **changes}), encoding="utf-8")


def open_shelf(settings: Mapping[str, object], tools: Tools) -> Shelf:
    """Make the provider of one connection; a mistake in the settings is said here."""
    del tools
    folder = Path(str(settings["folder"]))
    if not folder.is_dir():
        raise ValueError(f"the folder {folder} does not exist")
    return Shelf(folder)
