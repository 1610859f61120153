"""`console`: the operator's pages, on their own or in the running daemon."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap_state import open_store
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.config import Config, load_config
from seatkeeper.requested import RequestRefusedError


def console(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    link: Annotated[
        bool, typer.Option("--link", help="Print a new one-time link to the running console.")
    ] = False,
) -> int:
    """Serve the operator's pages until Ctrl-C; a one-time link opens them."""
    settings = load_config(config, read_secrets=not link)
    if link:
        return _print_link(settings)
    # Lazy: no other command needs the pages.
    from seatkeeper.console_server import link_to, served  # noqa: PLC0415

    with served(settings) as address:
        output.say(f"The console answers at {address}/")
        if settings.console.sign_in is None:
            store = open_store(settings)
            output.say(f"Open it within ten minutes, once: {link_to(store, address)}")
            store.close()
        _wait()
    return Exit.OK


def _print_link(settings: Config) -> int:
    from seatkeeper.console_server import ADDRESS, link_to  # noqa: PLC0415  # lazy, as above

    if settings.console.sign_in is not None:
        raise RequestRefusedError("people sign in to this console; a link is not needed")
    store = open_store(settings)
    address = store.tx(lambda tx: tx.meta(ADDRESS))
    if address:
        output.say(link_to(store, address))
    store.close()
    if not address:
        raise RequestRefusedError("no console was started on this state yet")
    return Exit.OK


def _wait() -> None:
    """Wait for a signal to end."""
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        threading.Thread(target=stop.set, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    stop.wait()
