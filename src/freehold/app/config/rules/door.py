"""Rules about the door, and about what stays on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from freehold.app.config.addresses import is_http_url, is_loopback
from freehold.app.config.problems import Finding
from freehold.app.config.rules.picture import Picture, Rule, at

DATABASE_SCHEMES = frozenset({"sqlite", "postgres", "postgresql"})


def no_remote_without_a_key(picture: Picture) -> Iterator[Finding]:
    server = picture.settings.server
    if not is_loopback(server.host) and not server.require_key:
        yield Finding(
            path=at("server", "host"),
            what=f"{server.host} lets in anyone who can reach this machine",
            allowed="127.0.0.1, or any address together with require_key = true",
        )


def what_is_off_has_no_settings(picture: Picture) -> Iterator[Finding]:
    """A key of a section that is switched off does nothing."""
    off = (
        ("cache", picture.settings.cache.enabled, ("max_bytes", "ttl", "include_sampling")),
        (
            "local",
            picture.settings.local.enabled,
            ("models", "context", "parallel", "threads", "idle_unload", "max_memory"),
        ),
    )
    for section, enabled, keys in off:
        # Switched off for once by a variable or a flag, the file keeps what it says for the next time.
        for_once = picture.document.origin(at(section, "enabled")).variable
        for key in keys:
            if not enabled and not for_once and picture.says(section, key):
                yield Finding(
                    path=at(section, key),
                    what=f"it does nothing, because {section}.enabled is false",
                    allowed="remove it, or switch the section on",
                )


def telemetry_goes_somewhere(picture: Picture) -> Iterator[Finding]:
    telemetry = picture.settings.telemetry
    if telemetry.endpoint is None and picture.says("telemetry", "service_name"):
        yield Finding(
            path=at("telemetry", "service_name"),
            what="it does nothing without an endpoint",
            allowed='endpoint = "http://127.0.0.1:4318"',
        )
    if telemetry.endpoint is not None and not is_http_url(telemetry.endpoint):
        yield Finding(
            path=at("telemetry", "endpoint"), what="not an address", allowed="http://host:port or https://host"
        )


def the_database_is_one_we_know(picture: Picture) -> Iterator[Finding]:
    database = picture.settings.receipts.database
    if database is None:
        return
    scheme = urlsplit(database).scheme if "://" in database else "sqlite"
    if not database or scheme not in DATABASE_SCHEMES:
        yield Finding(
            path=at("receipts", "database"),
            what="not a database that Freehold knows",
            allowed="a path, or postgresql://user@host/name",
        )


def local_models_exist(picture: Picture) -> Iterator[Finding]:
    for name, path in picture.settings.local.models.items():
        if not (picture.document.folder / FilePath(path).expanduser()).is_file():
            yield Finding(
                path=at("local", "models", name),
                what=f"there is no file {path}",
                allowed="an existing GGUF file",
            )


DOOR_RULES: tuple[Rule, ...] = (
    no_remote_without_a_key,
    what_is_off_has_no_settings,
    telemetry_goes_somewhere,
    the_database_is_one_we_know,
    local_models_exist,
)
