"""Rules about providers: that each can be reached, with a key that is there, on the machine it claims to be on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from freehold.app.config.addresses import is_loopback, split_url
from freehold.app.config.problems import Finding, closest
from freehold.app.config.rows import takes_the_rows_key
from freehold.app.config.rules.picture import LOCAL_ENGINES, PLAIN_CODE, Picture, Rule, at
from freehold.app.settings import ProviderSettings, Secret
from freehold.compute.catalog import AUTO
from freehold.words.offers import Place

if TYPE_CHECKING:
    from freehold.compute.rows import Row

LIMITS = ("requests_per_minute", "tokens_per_minute", "max_concurrency")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_OWN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept"})
_SECRET_HEADERS = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


def provider_names_can_be_written_in_a_model_name(picture: Picture) -> Iterator[Finding]:
    for name in picture.settings.providers:
        if not _NAME.fullmatch(name):
            yield Finding(
                path=at("providers", name),
                what="not a name for a provider",
                allowed="letters, digits, dots, dashes and underscores",
            )
        elif name in LOCAL_ENGINES | {PLAIN_CODE, AUTO}:
            yield Finding(path=at("providers", name), what="this name is taken", allowed="any other name")


def like_names_a_row(picture: Picture) -> Iterator[Finding]:
    for name, provider in picture.settings.providers.items():
        if provider.like is not None and provider.like not in picture.document.rows:
            yield Finding(
                path=at("providers", name, "like"),
                what="no known provider has that name",
                allowed=", ".join(picture.document.rows),
                suggestion=closest(provider.like, picture.document.rows),
            )


def every_provider_has_an_address(picture: Picture) -> Iterator[Finding]:
    for name, provider, row in _with_rows(picture):
        if provider.base_url is not None:
            parts = split_url(provider.base_url)
            if parts is None or parts.query or parts.fragment or parts.username:
                yield Finding(
                    path=at("providers", name, "base_url"),
                    what="not an address of an API",
                    allowed="http:// or https://, a host, and a path; keys go into `key`",
                )
        elif not row.base_url:
            yield Finding(
                path=at("providers", name),
                what="there is no way to reach it",
                allowed='base_url = "http://host:port/v1"',
                suggestion=closest(name, picture.document.rows) if name not in picture.document.rows else "",
            )


def address_parts_are_filled_in(picture: Picture) -> Iterator[Finding]:
    for name, provider, row in _with_rows(picture):
        wanted = () if provider.base_url is not None else tuple(part.lower() for part in row.user_parts)
        for part in wanted:
            if part not in provider.parts:
                yield Finding(
                    path=at("providers", name),
                    what=f"its address {row.base_url} needs {part}",
                    allowed=f'parts = {{ {part} = "..." }}, or a whole base_url',
                )
        for part, value in provider.parts.items():
            path = at("providers", name, "parts", part)
            if part not in wanted:
                yield Finding(path=path, what="its address has no such part", allowed=", ".join(wanted) or "no parts")
            elif not _NAME.fullmatch(value):
                yield Finding(path=path, what="not one part of an address", allowed="letters, digits, dots and dashes")


def every_provider_has_its_key(picture: Picture) -> Iterator[Finding]:
    for name, provider, row in _with_rows(picture):
        if provider.credentials or not row.key_required:
            continue
        changed = not takes_the_rows_key(row, provider)
        variables = " or ".join(row.key_env)
        yield Finding(
            path=at("providers", name),
            what="it needs a key" + (", which has to be stated because base_url was changed" if changed else ""),
            allowed=f'key = "env:{row.key_env[0]}"' if changed else f'the variable {variables}, or key = "env:NAME"',
        )


def secrets_can_be_read(picture: Picture) -> Iterator[Finding]:
    for path, secret in _secrets(picture):
        if secret.fault:
            yield Finding(path=path, what=secret.fault, allowed="env:NAME, file:PATH, or the value itself")
        elif not _fits_into_a_header(secret):
            yield Finding(path=path, what="its value has characters that no header may have")


def written_out_secrets_are_private(picture: Picture) -> Iterator[Finding]:
    """A secret may stand in the file itself only where nobody else can read the file."""
    file = picture.document.file
    if file is None or not (mode := file.stat().st_mode & 0o077):
        return
    for path, secret in _secrets(picture):
        about_a_header = "headers" in path and not _SECRET_HEADERS.search(str(path[-1]))
        if not secret.reference and not about_a_header and not picture.document.origin(path).variable:
            yield Finding(
                path=path,
                what=f"a secret is written out in a file that others can read (mode {mode | 0o600:04o})",
                allowed=f'"env:NAME", "file:PATH", or `chmod 600 {file}`',
            )


def key_and_keys_are_not_mixed(picture: Picture) -> Iterator[Finding]:
    for name in picture.settings.providers:
        if picture.says("providers", name, "key") and picture.says("providers", name, "keys"):
            yield Finding(path=at("providers", name, "keys"), what="`key` is set as well", allowed="one of the two")


def places_are_true(picture: Picture) -> Iterator[Finding]:
    """ "local" is a promise that data stays on this machine."""
    for name, provider, row in _with_rows(picture):
        parts = split_url(provider.base_url or row.base_url)
        if parts is None or is_loopback(parts.hostname or ""):
            continue
        if (provider.place or row.place) is Place.LOCAL:
            yield Finding(
                path=at("providers", name, "place" if provider.place else "base_url"),
                what=f"{parts.hostname} is not this machine, so the provider is not local",
                allowed='place = "own", "rented" or "cloud"',
            )


def what_is_disabled_has_no_limits(picture: Picture) -> Iterator[Finding]:
    for name, provider in picture.settings.providers.items():
        for key in LIMITS:
            if not provider.enabled and picture.says("providers", name, key):
                yield Finding(
                    path=at("providers", name, key),
                    what="it limits nothing, because the provider is disabled",
                    allowed="remove it, or enable the provider",
                )


def headers_can_be_sent(picture: Picture) -> Iterator[Finding]:
    for name, provider in picture.enabled.items():
        for header in provider.headers:
            if not _HEADER.fullmatch(header):
                yield Finding(path=at("providers", name, "headers", header), what="not a name for a header")
            elif header.lower() in _OWN_HEADERS:
                yield Finding(path=at("providers", name, "headers", header), what="Freehold writes this header itself")


def _with_rows(picture: Picture) -> Iterator[tuple[str, ProviderSettings, Row]]:
    for name, provider in picture.enabled.items():
        row = picture.row(name, provider)
        if row is not None:
            yield name, provider, row


def _secrets(picture: Picture) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    for name, provider in picture.enabled.items():
        if provider.key is not None:
            yield at("providers", name, "key"), provider.key
        for index, secret in enumerate(provider.keys):
            yield at("providers", name, "keys", index), secret
        for header, secret in provider.headers.items():
            yield at("providers", name, "headers", header), secret


def _fits_into_a_header(secret: Secret) -> bool:
    value = secret.reveal()
    return value.isascii() and value.isprintable()


REACH_RULES: tuple[Rule, ...] = (
    provider_names_can_be_written_in_a_model_name,
    like_names_a_row,
    every_provider_has_an_address,
    address_parts_are_filled_in,
    every_provider_has_its_key,
    secrets_can_be_read,
    written_out_secrets_are_private,
    key_and_keys_are_not_mixed,
    places_are_true,
    what_is_disabled_has_no_limits,
    headers_can_be_sent,
)
