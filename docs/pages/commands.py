"""Every command with its help, as the program prints it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from freehold.cli import exits
from freehold.cli.main import freehold

WIDTH = 100


def page() -> str:
    return f"# Commands\n\n{''.join(_commands(freehold, 'freehold', None))}## Exit codes\n\n```text\n{_codes()}\n```\n"


def _commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None, child
            yield from _commands(found, child, context)


def _codes() -> str:
    lines = (exits.__doc__ or "").splitlines()
    return "\n".join(line.strip() for line in lines if line.startswith("    "))
