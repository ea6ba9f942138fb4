"""One gateway process, from its settings to its end: house, server, status page, reload.

The configuration is watched while the gateway runs: a change that is right as a whole goes into force between two requests,
one that is not shows in `freehold status` and changes nothing.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket

import click

from freehold.app.build import House
from freehold.app.census import Seat
from freehold.app.config import Loaded
from freehold.app.config.watch import Watcher
from freehold.app.report import GatewayFile, remove_gateway_file, write_gateway_file
from freehold.app.status import StatusMaker
from freehold.app.telemetry import require_telemetry
from freehold.gateway.pages import Document, only_for
from freehold.gateway.serve import Server, run_until_signal, url_of
from freehold.ground.paths import Home
from freehold.ground.units import Seconds

STATUS_PAGE = "/admin/status"
WATCH_SECONDS = Seconds(1.0)
_log = logging.getLogger("freehold")


def serve(loaded: Loaded, home: Home, listener: socket.socket, *, token: str = "") -> None:
    """Serve on `listener` until SIGINT or SIGTERM. `token` opens the status page; one is made where none is given."""
    require_telemetry(loaded.settings.telemetry)
    gateway = GatewayFile(pid=os.getpid(), url=url_of(listener), token=token or secrets.token_urlsafe(32))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the house stands: a reload then reads what is newest anyway
    write_gateway_file(home, gateway)
    click.echo(f"Freehold listens at {gateway.url} (configuration: {loaded.file or 'defaults'}).", err=True)
    try:
        if loaded.settings.server.workers == 1:
            work(loaded, home, listener, gateway)
        else:
            _serve_together(loaded, home, listener, gateway)
    finally:
        remove_gateway_file(home, gateway.pid)


def _serve_together(loaded: Loaded, home: Home, listener: socket.socket, gateway: GatewayFile) -> None:
    from freehold.app.census import close_seats, open_seats
    from freehold.cli.workers import Workers

    folder = open_seats(home)
    try:
        # Whoever connects while the workers finish is refused, rather than left in a queue that nobody serves.
        Workers(
            loaded.settings.server.workers,
            lambda number: work(loaded, home, listener, gateway, Seat(folder, number)),
            let_go=listener.close,
        ).run()
    finally:
        close_seats(folder)


def work(loaded: Loaded, home: Home, listener: socket.socket, gateway: GatewayFile, seat: Seat | None = None) -> None:
    """The life of one process that serves."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(loaded, home, listener, gateway, seat))


async def _serve(loaded: Loaded, home: Home, listener: socket.socket, gateway: GatewayFile, seat: Seat | None) -> None:
    house = House(loaded.settings, home, seat=seat)
    watcher = Watcher(loaded)
    status = StatusMaker(house, listening=gateway.url, watcher=watcher)
    page = Document(status.encode, guard=only_for(gateway.token))
    server = Server(house, listener, pages={STATUS_PAGE: page})
    _watch(house, watcher)
    _spare_the_collector()
    await run_until_signal(server)


def _spare_the_collector() -> None:
    """What is there now stays for good; what comes lives for a request. Neither repays a frequent garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _watch(house: House, watcher: Watcher) -> None:
    """Put new settings in force when a file changes, or at once on SIGHUP."""

    def adopt(loaded: Loaded | None) -> None:
        if loaded is not None:
            house.adopt(loaded.settings)
            _log.info("The configuration has changed and is in force.")
        for problem in watcher.problems:
            _log.error("Not in force: %s", problem)

    async def look() -> None:
        if watcher.changed:
            adopt(watcher.reload())

    house.ticker.every(WATCH_SECONDS, look)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: adopt(watcher.reload()))
