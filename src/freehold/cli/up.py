"""`freehold up`: start the gateway. Flags are the same settings as in the file, and are checked together with it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from freehold.cli.options import config_option, load_config

BACKLOG = 1024


@click.command()
@config_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="TCP port; 0 takes any free one.")
@click.option("--workers", type=int, help="Processes that serve requests.")
@click.option("--no-local", is_flag=True, help="Run no models in Freehold itself and look for no local servers.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Where Freehold keeps its state.")
def command(
    *, config: Path | None, host: str | None, port: int | None, workers: int | None, no_local: bool, home: Path | None
) -> None:
    """Start the gateway.

    \b
    Example: freehold up --port 8585
    Then:    curl http://127.0.0.1:8585/v1/models

    It stops on Ctrl-C or SIGTERM once running requests have ended, and reads its configuration again when the file changes
    or on SIGHUP.
    """
    flags = {
        "FREEHOLD_HOME": None if home is None else str(home.expanduser().absolute()),
        "FREEHOLD_SERVER_HOST": host,
        "FREEHOLD_SERVER_PORT": None if port is None else str(port),
        "FREEHOLD_SERVER_WORKERS": None if workers is None else str(workers),
        "FREEHOLD_LOCAL_ENABLED": "false" if no_local else None,
        "FREEHOLD_LOCAL_DISCOVERY": "false" if no_local else None,
    }
    # As variables they reach worker processes and later reloads, too.
    os.environ.update({name: value for name, value in flags.items() if value is not None})
    loaded = load_config(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    from freehold.cli.serving import serve
    from freehold.gateway.serve import bind
    from freehold.ground.paths import home as the_home

    listener = bind(loaded.settings.server)
    listener.listen(BACKLOG)  # from here on clients may connect; they are answered as soon as the house stands
    serve(loaded, the_home(), listener)
