"""`freehold status`: how the running gateway fares, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from freehold.cli.options import json_option
from freehold.cli.printing import clean, money, show_json, show_table, span

if TYPE_CHECKING:
    from freehold.app.report import ProviderReport, StatusReport

PAGE = "/admin/status"


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """Show how the running gateway fares.

    \b
    Example: freehold status --json

    Exits with 6 if no gateway runs. With --json: version, listening, providers, requests, receipts, config_errors, ...
    """
    from freehold.app.report import StatusReport
    from freehold.cli.gateway import need_gateway

    report = need_gateway().get(PAGE, StatusReport)
    if as_json:
        show_json(report)
        return
    for line in summary(report):
        click.echo(line)
    if report.providers:
        click.echo()
        show_table(PROVIDER_HEADINGS, [provider_line(provider) for provider in report.providers])
    for trouble in troubles(report):
        click.secho(f"\n{trouble}", fg="yellow")


PROVIDER_HEADINGS = ("provider", "place", "state", "offers", "in flight", "asked", "failed", "note")


def summary(report: StatusReport) -> list[str]:
    """The gateway in two lines."""
    requests = report.requests
    return [
        f"Freehold {report.version} at {clean(report.listening)}, up {span(report.uptime)}, workers: {report.workers}",
        f"{requests.total} requests ({requests.ok} ok, {requests.failed} failed, {requests.refused} refused, "
        f"{requests.cached} from cache), {requests.in_flight} in flight, {money(requests.usd)} spent",
    ]


def provider_line(provider: ProviderReport) -> list[str]:
    """A provider as a row."""
    aside = [f"key {key.label} set aside: {key.set_aside}" for key in provider.keys if key.set_aside]
    notes = [provider.reason, *aside, provider.last_error and f"last error: {provider.last_error}"]
    state = "not ready" if not provider.ready else "ready" if provider.breaker == "closed" else provider.breaker
    cells = (
        provider.name,
        provider.place,
        state,
        str(provider.offers),
        str(provider.in_flight),
        str(provider.requests),
        str(provider.failures),
        "; ".join(note for note in notes if note),
    )
    return [clean(cell) for cell in cells]


def troubles(report: StatusReport) -> list[str]:
    """What a human should look at."""
    receipts = report.receipts
    found = [f"Receipts cannot be written: {receipts.fault}"] if receipts.fault else []
    found += [f"{receipts.dropped} receipts were lost."] if receipts.dropped else []
    if report.config_errors:
        found.append("The configuration has errors; the one before it is in force:\n" + "\n".join(report.config_errors))
    if report.needs_restart:
        found.append(f"Restart to put in force: {', '.join(report.needs_restart)}")
    return ["\n".join(clean(line) for line in trouble.splitlines()) for trouble in found]
