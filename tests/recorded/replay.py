"""`make replay CASSETTES=... MAPPINGS=...`: one's own recording against one's own mapping, offline.

A mapping may ask for other columns than were recorded: what was recorded is given, and the rest
is named. Nothing is sent; every attempt to open a connection raises.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import vcr  # type: ignore[import-untyped]  # vcrpy ships no types
from vcr.request import Request  # type: ignore[import-untyped]  # the same

from connector.dataverse.client import DataverseClient
from connector.http import Http
from connector.partner_center.client import PartnerCenterClient
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.yaml_files import ConfigurationError
from tests.connector.scripted import Clockwork
from tests.recorded import tape
from tests.recorded.tenant import CASSETTE, DATAVERSE, NOTES, provider_origin, shown
from tests.recorded.tour import ROWS, Chosen, Side, Tour

BOUNDARY = re.compile(rb"((?:batch|changeset)_(?:\d+_)?)[0-9a-f-]{36}")


class NoSignIn:
    """Tokens of a replay: nobody looks at them."""

    def token(self) -> str:
        return "none"

    def forget(self) -> None:
        """There is nothing to forget."""


def same_question(one: Request, other: Request) -> None:
    """Compare what is asked, whatever columns are wanted; raise AssertionError when it differs."""
    if _question(one) != _question(other):
        raise AssertionError(f"{one.uri} is not {other.uri}")


def _question(request: Request) -> object:
    query = sorted(pair for pair in request.query if pair[0] != "$select")
    return request.host, query, tape.value_of(BOUNDARY.sub(rb"\1n", request.body or b""))


def side_of(mappings: Path | None) -> Side:
    """Return clients that look like those of the recording."""
    effects = Clockwork()
    http, tokens = Http(effects), NoSignIn()
    numbers = range(1, 10)
    return Side(
        crm=DataverseClient(http, tokens, effects, DATAVERSE, ROWS),
        providers={
            str(number): PartnerCenterClient(http, tokens, effects, provider_origin(number))
            for number in numbers
        },
        mappings=open_mappings(mappings),
    )


@contextmanager
def replayed(cassette: Path) -> Iterator[None]:
    """Answer from a recording and from nothing else."""
    player = vcr.VCR(record_mode="none", match_on=["method", "path", "same_question"])
    player.register_matcher("same_question", same_question)
    with pytest.MonkeyPatch.context() as patch:
        tape.block_network(patch)
        with player.use_cassette(str(cassette)):
            yield


def replay(folder: Path, mappings: Path | None) -> Tour:
    """Go through a recording with a mapping."""
    notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    tour = Tour(side_of(mappings))
    with replayed(folder / CASSETTE):
        tour.tables()
        tour.one(Chosen.read(notes))
    return tour


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay as the command line says."""
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("cassettes", type=Path, help="the folder of a recording")
    parser.add_argument("mappings", type=Path, nargs="?", help="a folder of mappings")
    asked = parser.parse_args(arguments)
    try:
        tour = replay(asked.cassettes, asked.mappings)
    except (ConfigurationError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return shown(tour.findings)


if __name__ == "__main__":
    sys.exit(main())
