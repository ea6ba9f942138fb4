"""The command: parse, prepare the systems, run the rounds, print."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gateway import __doc__ as about
from benchmarks.gateway import machine, page, report, soak, tools
from benchmarks.gateway.results import Results, from_json, to_json
from benchmarks.gateway.rounds import run_round
from benchmarks.gateway.systems import ALL, System
from benchmarks.gateway.workloads import ALL as ALL_WORKLOADS
from benchmarks.gateway.workloads import QUICK


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark and returns the exit code: 1 when a row does not count or a soak had failures."""
    options = _parser().parse_args(arguments)
    if options.from_file:
        results = from_json(options.from_file.read_bytes())
    elif options.soak:
        return _soak(options)
    else:
        results = _run(options)
    if options.json:
        options.json.write_bytes(to_json(results))
    if options.write:
        page.write(options.write, results)
    print(report.markdown(results) if options.markdown else report.text(results))
    return int(any(window.invalid for window in results.windows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gateway", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(system.name for system in ALL)
    parser.add_argument("--systems", help=f"comma-separated, of {names} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="per window (default 2)")
    parser.add_argument("--quick", action="store_true", help="one round of the three main workloads, 1 s each")
    parser.add_argument("--wrk", action="store_true", help="load the closed loops by wrk instead of our own generator")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--from", dest="from_file", type=Path, metavar="FILE", help="print an earlier --json run")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument(
        "--soak", type=float, metavar="MINUTES", help="memory over time under steady load, Freehold alone"
    )
    return parser


def _run(options: argparse.Namespace) -> Results:
    if not machine.has_enough_cores():
        raise SystemExit(f"this benchmark needs {machine.CORES_NEEDED} cores")
    if options.wrk:
        tools.debian("wrk", "wrk")
    about_machine = machine.describe()
    chosen = _chosen(options.systems)
    not_run = _prepare(chosen)
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    windows, starts = [], []
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}")
        systems = [system for system in chosen if system.name not in not_run]
        done = run_round(
            number, systems, QUICK if options.quick else ALL_WORKLOADS, seconds=seconds, with_wrk=options.wrk, say=_say
        )
        windows += done.windows
        starts += done.starts
        not_run |= done.failed
    return Results(
        machine=about_machine,
        rounds=rounds,
        seconds=seconds,
        generator="wrk in closed loops" if options.wrk else "our own generator",
        settings={system.name: system.settings for system in chosen},
        not_run=not_run,
        windows=windows,
        starts=starts,
    )


def _prepare(systems: Sequence[System]) -> dict[str, str]:
    """Installs what is missing; the systems that cannot be had, and why."""
    not_run = {}
    for source in ("mock_upstream.c", "load_generator.c"):
        tools.compiled(source)
    for system in systems:
        _say(f"preparing {system.name}")
        try:
            system.prepare()
        except tools.Missing as error:
            not_run[system.name] = str(error)
            _say(f"  not run: {error}")
    return not_run


def _soak(options: argparse.Namespace) -> int:
    failures = 0
    for system in _chosen(options.systems or "Freehold"):
        soaked = soak.run(system, minutes=options.soak, say=_say)
        failures += soaked.samples[-1].failures
        print(soak.text(soaked))
    return int(failures > 0)


def _chosen(names: str | None) -> list[System]:
    wanted = {name.strip().lower() for name in names.split(",")} if names else None
    chosen = [system for system in ALL if wanted is None or system.name.lower() in wanted]
    unknown = (wanted or set()) - {system.name.lower() for system in chosen}
    if unknown:
        raise SystemExit(f"no such system: {', '.join(sorted(unknown))}")
    return chosen


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except tools.Missing as error:
        sys.exit(f"cannot run: {error}")
