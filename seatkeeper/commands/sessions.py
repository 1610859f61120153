"""How a verb gets at the application: its own, a copy that forgets, or the running daemon."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.config import Config
from seatkeeper.holding import hold_state
from seatkeeper.instance import AlreadyRunningError
from seatkeeper.requested import NEEDS_NOBODY, RequestRefusedError, run_request
from sync.ports import Tx
from sync.state import Request

_REQUEST_SECONDS = 60


@contextmanager
def application_of(settings: Config, *, inline: bool = False) -> Iterator[Application]:
    """Build an application, and close it."""
    application = build(settings, inline=inline)
    try:
        yield application
    finally:
        application.close()


@contextmanager
def on_a_copy(settings: Config) -> Iterator[Application]:
    """Build an application on a copy of the state in memory: nothing it does is kept."""
    store = look_at_store(settings)
    twin = store.copy()
    store.close()
    application = build(settings, store=twin, inline=True)
    try:
        yield application
    finally:
        application.close()


def run_or_ask(
    application: Application, verb: str, argument: Mapping[str, object]
) -> list[dict[str, object]]:
    """Run a command under the lock, or have the running daemon do it (rules.md 2.14)."""
    text = json.dumps(argument)
    try:
        with hold_state(application.config) as holding:
            holding.bind(application.store, application.halt)
            if verb not in NEEDS_NOBODY:
                meet(application)
            result = run_request(application.engine, verb, text)
    except AlreadyRunningError:
        result = ask(application, verb, text)
    return read_result(result)


def run_alone_or_ask(
    settings: Config, verb: str, argument: Mapping[str, object]
) -> list[dict[str, object]]:
    """Run a command with an application of its own, or have the running daemon do it."""
    with application_of(settings, inline=True) as application:
        return run_or_ask(application, verb, argument)


def run_and_go_on(
    settings: Config,
    verb: str,
    argument: Mapping[str, object],
    go_on: Callable[[Application], int],
) -> tuple[list[dict[str, object]], int]:
    """Run a command and then `go_on` under the lock, or have the running daemon do both."""
    text = json.dumps(argument)
    with application_of(settings, inline=True) as application:
        try:
            with hold_state(settings) as holding:
                holding.bind(application.store, application.halt)
                meet(application)
                results = read_result(run_request(application.engine, verb, text))
                return results, go_on(application)
        except AlreadyRunningError:
            return read_result(ask(application, verb, text)), 0


def read_result(result: str) -> list[dict[str, object]]:
    """Read what a command answered; raise RequestRefusedError when it was refused."""
    found: list[dict[str, object]] | dict[str, object] = json.loads(result)
    if isinstance(found, dict):
        raise RequestRefusedError(str(found["error"]))
    return found


def ask(application: Application, verb: str, argument: str) -> str:
    """Queue a command for the daemon and wait for its answer."""
    effects, store = application.engine.ports.effects, application.store
    request = Request(effects.new_id(), verb, argument)
    store.tx(lambda tx: tx.ask(request))
    for _ in range(_REQUEST_SECONDS * 5):
        answer = store.tx(lambda tx: tx.take_answer(request.id))
        if answer is not None:
            return answer
        effects.sleep(0.2)
    store.tx(lambda tx: _withdraw(tx, request))
    raise AlreadyRunningError(
        f"the daemon did not answer within {_REQUEST_SECONDS} s; the command is withdrawn, unless"
        " it has just begun"
    )


def _withdraw(tx: Tx, request: Request) -> None:
    tx.answer(request.id, "withdrawn")
    tx.take_answer(request.id)
