"""`freehold completion`: the script that teaches a shell to complete this command."""

from __future__ import annotations

import click

from freehold.ground.errors import NotAvailable


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for your shell.

    \b
    Example: eval "$(freehold completion bash)"                       in ~/.bashrc
             freehold completion fish > ~/.config/fish/completions/freehold.fish
    """
    from click.shell_completion import get_completion_class

    from freehold.cli.main import PROGRAM, freehold

    kind = get_completion_class(shell)
    if kind is None:
        raise NotAvailable(f"There is no completion for {shell}.", advice="Use bash, zsh or fish.")
    click.echo(kind(freehold, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source())
