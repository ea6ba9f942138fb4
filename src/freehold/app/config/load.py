"""From a file and the environment to settings that have been checked as a whole.

All problems are reported at once, each with its place. Nothing is half applied: either every part is right, or the caller
gets `ConfigRejected` and nothing else. Nothing here touches the network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path as FilePath
from typing import Any, overload

import msgspec

from freehold.app.config.document import FILE_NAME, Document
from freehold.app.config.positions import Path
from freehold.app.config.problems import ConfigRejected, Finding, Origin, Problem
from freehold.app.config.rows import key_variable, row_name, switched_on_by, takes_the_rows_key
from freehold.app.config.rules import Picture, findings
from freehold.app.settings import ProviderSettings, Secret, Settings
from freehold.ground.errors import InvalidConfig
from freehold.ground.paths import Home, home

MAX_FILE_BYTES = 1 << 20
NAMED_TABLES = ("providers", "aliases", "prices")
"""Sections whose keys are the user's own names."""


Mark = tuple[int, int, int] | None
"""What tells one version of a file from the next; None while there is no such file."""


class Loaded:
    """Valid settings, and where each of them comes from."""

    def __init__(self, settings: Settings, document: Document, mark: Mark = None) -> None:
        self.settings = settings
        self.file = document.file
        self._document = document
        self.marks: Mapping[FilePath, Mark] = {
            **{path: None for path in _candidates(document.environment, home()) if document.file is None},
            **({document.file: mark} if document.file else {}),
            **{path: mark_of(path) for path in secret_files(settings, document.folder)},
        }
        """Every file that these settings depend on, as it was when it was read; None where it was not there."""

    def origin(self, path: Path) -> Origin:
        """Where the value at `path` comes from."""
        return self._document.origin(path)


def find_file(environment: Mapping[str, str], place: Home | None = None) -> FilePath | None:
    """The file $FREEHOLD_CONFIG names, or freehold.toml in the current folder, or in Freehold's home; None without one."""
    if named := environment.get("FREEHOLD_CONFIG"):
        return FilePath(named).expanduser()
    return next((path for path in _candidates(environment, place or home()) if path.is_file()), None)


def load(file: FilePath | None = None, *, environment: Mapping[str, str] | None = None) -> Loaded:
    """Settings from `file`, or from the file that is found, with the environment laid over it.

    Raises ConfigRejected with every problem there is, InvalidConfig if the file cannot be read.
    """
    variables = os.environ if environment is None else environment
    path = file or find_file(variables)
    mark = mark_of(path) if path else None  # before it is read, so that no later change is missed
    return load_text(_read(path) if path else "", file=path, environment=variables, mark=mark)


def load_text(text: str, *, file: FilePath | None = None, environment: Mapping[str, str], mark: Mark = None) -> Loaded:
    """The same for a text that has been read already; relative paths in it start where `file` is."""
    document = Document(text, file=file, environment=environment)
    settings, problems = _judge(document)
    if problems or settings is None:
        raise ConfigRejected(problems)
    return Loaded(settings, document, mark)


def mark_of(path: FilePath) -> Mark:
    """What `path` looks like now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def secret_files(settings: Settings, folder: FilePath) -> list[FilePath]:
    """Files that secrets are read from."""
    providers = settings.providers.values()
    secrets = [credential.secret for provider in providers for credential in provider.credentials]
    secrets += [value for provider in providers for value in provider.headers.values()]
    return [path for secret in secrets if (path := secret.file(folder)) is not None]


def _candidates(environment: Mapping[str, str], place: Home) -> tuple[FilePath, ...]:
    """Where a configuration is looked for where none is named."""
    return () if environment.get("FREEHOLD_CONFIG") else (FilePath(FILE_NAME).absolute(), place.root / FILE_NAME)


def _judge(document: Document) -> tuple[Settings | None, list[Problem]]:
    problems = list(document.unknown_variables)
    settings: Settings | None
    misshapen: list[Finding] = []
    try:
        settings = _convert(document.written, document)
    except msgspec.ValidationError:
        settings, misshapen = _convert_the_rest(document)
    found = misshapen + _beside(findings(Picture(settings, document)), misshapen) if settings else misshapen
    return settings, problems + [document.problem(finding) for finding in found]


def _convert(written: Mapping[str, Any], document: Document) -> Settings:
    def read_secret(kind: type, value: Any) -> Secret:
        if kind is not Secret or not isinstance(value, str):
            raise TypeError("a secret is written as a string")
        return Secret.read(value, document.environment, document.folder)

    return _complete(msgspec.convert(written, Settings, dec_hook=read_secret), document)


def _convert_the_rest(document: Document) -> tuple[Settings | None, list[Finding]]:
    """Settings without the misshapen keys, so that the rules can judge the others; and what is wrong with the keys.

    Where a whole provider is misshapen there is no telling what the rest means by it, and there are no settings.
    """
    from freehold.app.config.shape import deviations

    misshapen = list(deviations(document.written))
    if any(finding.path[0] == "providers" and len(finding.path) < 3 for finding in misshapen):
        return None, misshapen
    rest = _copy(document.written)
    for finding in misshapen:
        _prune(rest, finding.path)
    return _convert(rest, document), misshapen


def _beside(found: list[Finding], misshapen: list[Finding]) -> list[Finding]:
    """Without findings about tables that were judged without some of their keys."""
    doubtful = {finding.path[: 2 if finding.path[0] in NAMED_TABLES else 1] for finding in misshapen}
    return [finding for finding in found if not {finding.path[:1], finding.path[:2]} & doubtful]


def _prune(document: dict[str, Any], path: Path) -> None:
    """Take out the key at `path`; for an element of a list, the whole list."""
    keys = [part for part in takewhile(lambda part: isinstance(part, str), path) if isinstance(part, str)]
    here = document
    for part in keys[:-1]:
        here = here.get(part, {})
    here.pop(keys[-1], None)


def _copy(value: Any) -> Any:
    return {key: _copy(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _complete(settings: Settings, document: Document) -> Settings:
    """With the keys that the environment holds under the providers' own names."""
    providers = {name: _with_key(name, provider, document) for name, provider in settings.providers.items()}
    for name, row in document.rows.items():
        if name not in providers and (variable := switched_on_by(row, document.environment)):
            providers[name] = ProviderSettings(key=_secret_in(variable, document))
            document.attribute(("providers", name), variable)
            document.attribute(("providers", name, "key"), variable)
    return msgspec.structs.replace(
        settings,
        providers=providers,
        local=msgspec.structs.replace(
            settings.local, models={name: _resolve(path, document) for name, path in settings.local.models.items()}
        ),
        receipts=msgspec.structs.replace(settings.receipts, database=_resolve(settings.receipts.database, document)),
    )


@overload
def _resolve(path: str, document: Document) -> str: ...
@overload
def _resolve(path: None, document: Document) -> None: ...
def _resolve(path: str | None, document: Document) -> str | None:
    """A path made absolute; relative ones start at the folder of the file that names them. URLs stay as they are."""
    return path if not path or "://" in path else str((document.folder / FilePath(path).expanduser()).absolute())


def _with_key(name: str, provider: ProviderSettings, document: Document) -> ProviderSettings:
    row = document.rows.get(row_name(name, provider, document.rows))
    if row is None or provider.credentials or not takes_the_rows_key(row, provider):
        return provider
    variable = key_variable(row, document.environment)
    if not variable:
        return provider
    document.attribute(("providers", name, "key"), variable)
    return msgspec.structs.replace(provider, key=_secret_in(variable, document))


def _secret_in(variable: str, document: Document) -> Secret:
    return Secret.read(f"env:{variable}", document.environment, document.folder)


def _read(path: FilePath) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InvalidConfig(f"{path} is larger than {MAX_FILE_BYTES} bytes")
        return data.decode()
    except OSError as error:
        raise InvalidConfig(
            f"{path} cannot be read: {error.strerror}", advice="Write one with `freehold config init`."
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"{path} is not UTF-8 text (byte {error.start})") from error
