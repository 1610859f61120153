"""The sandbox over HTTPS on the loopback address."""

import logging
import random
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import requests
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.workers.threadpool import ThreadPool

from sandbox.app import App
from sandbox.assembly import assemble
from sandbox.configuration import (
    Place,
    ready_document,
    write_certificates,
    write_client_certificate,
    write_configuration,
    write_private,
)
from sandbox.documents import Document
from sandbox.identity import Identity, identity_from, new_identity
from sandbox.persistence import NoStorage, SqliteStorage, Storage
from sandbox.scenarios import SCENARIOS
from sandbox.world import Stopping, World

_LOG = logging.getLogger(__name__)
_THREADS = 24  # a fault's delay holds one of them
_IDLE_SECONDS = 120
_GRACE_SECONDS = 2  # for answers that are on their way when the sandbox ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run a sandbox; `port` 0 takes any free one, no `data_dir` keeps nothing."""

    mappings: Path
    port: int = 0
    data_dir: Path | None = None
    ready_file: Path | None = None
    names: tuple[str, ...] = ()
    scenario: str = "demo"
    subscriptions: int | None = None
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class Running:
    """A sandbox that answers."""

    base_url: str
    ready: dict[str, Any]
    world: World
    _server: wsgi.Server
    _thread: threading.Thread
    _rubbish: Path | None
    _stopped: bool = field(default=False)

    def stop(self) -> None:
        """End the server and let go of its files; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self.world.stopping.set()
        self._server.stop()
        self._thread.join()
        with self.world.lock:
            self.world.keep()
            self.world.storage.close()
        if self._rubbish is not None:
            shutil.rmtree(self._rubbish, ignore_errors=True)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(wsgi.Server):
    """A server that logs: a browser which distrusts its certificate is no line on the terminal."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - cheroot's own signature
        _LOG.log(level, msg, exc_info=traceback)


class _Workers(ThreadPool):
    """Threads that end also when a client does not take what is written to it."""

    @staticmethod
    def _force_close(conn: Any) -> None:  # noqa: ANN401 - a connection of cheroot, or None
        with suppress(AttributeError, OSError):
            conn.socket.shutdown(socket.SHUT_RDWR)


def start(options: Options, stopping: threading.Event | None = None) -> Running:
    """Start a sandbox and return when it answers.

    Raises OSError when the port is taken, Stopping when told to end before it answers.
    """
    folder = _folder(options.data_dir)
    world = _open(folder, keep=options.data_dir is not None, stopping=stopping)
    world.names |= set(options.names)
    app = assemble(world)
    server = _bind(app, folder, options)
    try:
        return _serving(app, server, folder, options)
    except BaseException:
        server.stop()  # its waiting threads would keep the process alive
        world.storage.close()
        if options.data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _serving(app: App, server: wsgi.Server, folder: Path, options: Options) -> Running:
    world = app.world
    place = Place(
        origin=f"https://localhost:{server.bind_addr[1]}",
        folder=folder,
        mappings=options.mappings.resolve(),
    )
    _populate(world, options)
    world.after_reset = lambda: write_configuration(place, world)
    world.after_reset()
    write_client_certificate(folder, world.identity)
    thread = threading.Thread(target=server.serve, name="sandbox", daemon=True)
    thread.start()
    _await_answer(place)
    ready = ready_document(place, world)
    if options.ready_file is not None:
        write_private(options.ready_file.resolve(), orjson.dumps(ready))
    return Running(
        base_url=place.origin,
        ready=ready,
        world=world,
        _server=server,
        _thread=thread,
        _rubbish=folder if options.data_dir is None else None,
    )


def serve(options: Options, announce: Callable[[dict[str, Any]], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM, from the main thread; announce when it answers."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with suppress(Stopping), start(options, ended) as running:
        announce(running.ready)
        ended.wait()


def _folder(data_dir: Path | None) -> Path:
    if data_dir is None:
        return Path(tempfile.mkdtemp(prefix="seatkeeper-sandbox-")).resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir.resolve()


def _open(folder: Path, *, keep: bool, stopping: threading.Event | None) -> World:
    """Make a world, or the shell of the one that the folder keeps."""
    rng = random.SystemRandom()
    storage = SqliteStorage(folder / "sandbox.db") if keep else NoStorage()
    identity = _identity(storage, rng)
    world = World(identity, rng=rng, scenarios=SCENARIOS, storage=storage)
    world.stopping = stopping or world.stopping
    return world


def _identity(storage: Storage, rng: random.Random) -> Identity:
    document = storage.facts().get("identity")
    return identity_from(document) if document else new_identity(rng)


def _populate(world: World, options: Options) -> None:
    """Load the kept rows, or play the scenario into a new world."""
    facts = world.storage.facts()
    if "organisation_id" not in facts:
        world.reset(options.scenario, subscriptions=options.subscriptions, seed=options.seed)
        return
    world.restore(facts)
    world.dataverse.load(_unless_ending(world, "dataverse"))
    world.partner_center.load(_unless_ending(world, "partner_center"))
    world.rest_provider.load(_unless_ending(world, "rest_provider"))


def _unless_ending(world: World, service: str) -> Iterator[tuple[str, str, Document]]:
    for document in world.storage.documents(service):
        world.go_on()
        yield document


def _bind(app: App, folder: Path, options: Options) -> wsgi.Server:
    chain, key = write_certificates(folder, options.names)
    server = _Server(("127.0.0.1", options.port), app, numthreads=_THREADS, request_queue_size=128)
    server.requests = _Workers(server, min=_THREADS, max=-1)
    server.shutdown_timeout = _GRACE_SECONDS
    server.timeout = _IDLE_SECONDS
    server.keep_alive_conn_limit = 500
    server.ssl_adapter = BuiltinSSLAdapter(str(chain), str(key))
    server.prepare()
    return server


def _await_answer(place: Place) -> None:
    """Ask once: the ready file promises that the server answers."""
    with requests.Session() as session:
        session.trust_env = False
        url = f"{place.origin}/_sandbox/clock"
        session.get(url, verify=str(place.ca_file), timeout=30).raise_for_status()
