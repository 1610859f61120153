"""`make record CONFIG=...`: record a tenant of one's own, disguised; reads only unless told."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from seatkeeper.bootstrap import dataverse, providers
from seatkeeper.check_results import CheckResult
from seatkeeper.config import Config, SignInConfig, load_config
from seatkeeper.effects import RealEffects
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.yaml_files import ConfigurationError
from tests.recorded import tape
from tests.recorded.disguise import Disguise
from tests.recorded.tour import ROWS, Chosen, Side, Tour

CASSETTE, NOTES = "tenant.yaml", "tenant.json"
DATAVERSE = "https://dataverse.invalid"


class NotHarmlessError(Exception):
    """What was asked for could do harm, so nothing was written."""


def provider_origin(number: int) -> str:
    """Return the address that stands for the n-th provider connection."""
    return f"https://partner-center-{number}.invalid"


def disguise_of(config: Config) -> Disguise:
    """Return a disguise that knows the hosts and secrets of a configuration."""
    services = {
        f"{provider.url}/v1/": f"{provider_origin(number)}/v1/"
        for number, provider in enumerate(config.providers.values(), 1)
    }
    disguise = Disguise(services | {f"{config.dataverse.url}/api/": f"{DATAVERSE}/api/"})
    for sign_in in _sign_ins(config):
        disguise.keep_secret(*_secrets(sign_in))
    return disguise


def _sign_ins(config: Config) -> Iterator[SignInConfig]:
    yield config.dataverse.sign_in
    yield from (provider.sign_in for provider in config.providers.values())


def _secrets(sign_in: SignInConfig) -> Iterator[str]:
    yield from (sign_in.tenant_id, sign_in.client_id)
    for secret in (sign_in.client_secret, sign_in.passphrase):
        if secret is not None:
            yield secret.get_secret_value()


def record(config: Config, folder: Path, subscription: str = "", *, write: bool = False) -> Tour:
    """Record the tour of a tenant; raise when anything of it can still be found afterwards."""
    disguise, path = disguise_of(config), folder / CASSETTE
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    config = config.model_copy(update={"page_size": ROWS})
    effects = RealEffects()
    side = Side(
        crm=dataverse(config, effects, None),
        providers=providers(config, effects, None),
        mappings=open_mappings(config.mappings),
    )
    tour = Tour(side)
    if write:
        _must_be_a_test(side, subscription)
    with tape.recorder(disguise, "all").use_cassette(str(path)):
        tour.tables()
        chosen = tour.choose(subscription, written=write)
        tour.one(chosen)
    notes = _notes(disguise, config, chosen)
    (folder / NOTES).write_text(json.dumps(notes, indent=2), encoding="utf-8")
    must_be_clean(disguise, folder)
    return tour


def _notes(disguise: Disguise, config: Config, chosen: Chosen) -> dict[str, object]:
    """Return who was looked at, in disguise; a provider goes by its place in the configuration."""
    names = list(config.providers)
    number = names.index(chosen.provider) + 1 if chosen.provider else ""
    told = {
        name: disguise.address(value) if isinstance(value, str) else value
        for name, value in chosen.document().items()
    }
    return told | {"provider": str(number)}


def _must_be_a_test(side: Side, subscription: str) -> None:
    """Refuse to write to anything that does not call itself a test."""
    if not subscription:
        raise NotHarmlessError("WRITE=yes needs SUBSCRIPTION=id of a subscription made for tests")
    name = Tour(side).name_of(subscription)
    if "test" not in name.lower():
        raise NotHarmlessError(
            "the named subscription has no 'test' in its name; nothing was written"
        )


def must_be_clean(disguise: Disguise, folder: Path) -> None:
    """Delete a recording in which anything of the tenant is left."""
    files = [folder / CASSETTE, folder / NOTES]
    found = set[str]().union(*(disguise.leaks(f.read_text(encoding="utf-8")) for f in files))
    if found:
        for file in files:
            file.unlink()
        raise NotHarmlessError(
            f"{len(found)} values of the tenant were still in the recording; it was deleted."
            " Please report this, with the names of the columns if you know them"
        )


def shown(findings: Sequence[CheckResult]) -> int:
    """Print findings; return the exit code."""
    for one in findings:
        sys.stdout.write(f"{'ok  ' if one.ok else 'FAIL'}  {one.what}: {one.told}\n")
    return 0 if all(one.ok for one in findings) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Record as the command line says."""
    parser = argparse.ArgumentParser(prog="make record", description=__doc__)
    parser.add_argument("config", type=Path, help="a Seatkeeper configuration")
    parser.add_argument("folder", type=Path, help="where the recording goes")
    parser.add_argument("--subscription", default="", help="id of the row to look at")
    parser.add_argument("--write", choices=["yes"], help="also write to it; it must be a test")
    asked = parser.parse_args(arguments)
    try:
        config = load_config(asked.config)
        write = asked.write == "yes"
        tour = record(config, asked.folder, asked.subscription, write=write)
    except (ConfigurationError, NotHarmlessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Recorded in {asked.folder}. Look at it before you hand it on.\n")
    return shown(tour.findings)


if __name__ == "__main__":
    sys.exit(main())
