"""Making connections, and putting into Freehold's words why one cannot be made.

Names are resolved anew for every connection; several addresses are tried a quarter of a second apart (RFC 8305). Both
event loops set TCP_NODELAY on their own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohappyeyeballs

from freehold.compute.upstream.connection import Connection
from freehold.compute.upstream.interface import Origin
from freehold.ground.errors import InvalidConfig, ProviderTimedOut, ProviderUnreachable
from freehold.ground.units import Seconds

_HEAD_START = 0.25


def tls_context(trust: Path | None) -> ssl.SSLContext:
    """Verifies certificates against the system's trust store and, if given, the CA certificates in the file `trust`.

    Raises InvalidConfig if the file cannot be used.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if trust is not None:
        try:
            context.load_verify_locations(trust)
        except (OSError, ssl.SSLError) as error:
            raise InvalidConfig(f"cannot use {trust} as CA certificates", advice="Give a readable PEM file.") from error
    return context


async def dial(
    origin: Origin, make: Callable[[], Connection], *, tls: ssl.SSLContext | None, patience: Seconds
) -> Connection:
    """Connect within `patience` seconds, the TLS handshake included.

    Raises ProviderUnreachable or ProviderTimedOut.
    """
    name = f"{origin.host}:{origin.port}"
    try:
        async with asyncio.timeout(patience):
            return await _connect(origin, make, tls)
    except TimeoutError as error:
        raise ProviderTimedOut(f"{name}: no connection within {patience:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise ProviderUnreachable(
            f"{name}: its certificate is not trusted: {error.verify_message}",
            advice="If the CA is your own, name its certificate file under `trust`.",
        ) from error
    except ssl.SSLError as error:
        raise ProviderUnreachable(f"{name}: no TLS connection: {error.reason}") from error
    except (socket.gaierror, UnicodeError) as error:
        raise ProviderUnreachable(f"{name}: the name does not resolve") from error
    except OSError as error:
        raise ProviderUnreachable(f"{name}: {_plainly(error)}") from error


def _plainly(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


async def _connect(origin: Origin, make: Callable[[], Connection], tls: ssl.SSLContext | None) -> Connection:
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    connected = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_HEAD_START, interleave=1)
    try:
        _, connection = await loop.create_connection(
            make, sock=connected, ssl=tls, server_hostname=origin.host if tls else None
        )
    except BaseException:
        connected.close()
        raise
    return connection
