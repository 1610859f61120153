"""`health`: ask a running daemon whether it lives, for a container or a person."""

import http.client
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.listen_address import host_and_port
from seatkeeper.requested import RequestRefusedError

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what a server may listen on
_SECONDS = 5


def health(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it can work, not only whether it lives.")
    ] = False,
) -> int:
    """Ask the running daemon whether it lives; 0 when it does, 1 when it does not."""
    listen = load_config(config, read_secrets=False).health.listen
    if listen is None:
        raise RequestRefusedError("the configuration has no health.listen")
    status, said = _asked(listen, "/readyz" if ready else "/livez")
    output.say(said.strip())
    return Exit.OK if status == http.client.OK else Exit.ERROR


def _asked(listen: str, path: str) -> tuple[int, str]:
    host, port = host_and_port(listen)
    connection = http.client.HTTPConnection(_ANYWHERE.get(host, host), port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
