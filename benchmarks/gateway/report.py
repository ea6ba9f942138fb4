"""The tables of a run, as text for a terminal or as Markdown for docs/benchmarks.md. Computes nothing itself."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec
from benchmarks.gateway.results import Results
from benchmarks.gateway.summary import Cost, Figure, Summary
from benchmarks.gateway.systems import DIRECT, LIMIT
from benchmarks.gateway.workloads import (
    BASE,
    BODIES,
    CLOSED_STEPS,
    CONNECTION_STEPS,
    PACED_STEPS,
    SINGLE,
    STREAMS,
    Workload,
)

QUIET_CORES = 0.2  # what others may use before the figures are no longer those of a quiet machine
LOAD_CORE_FULL = 0.9  # above this the load core may be what is measured


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table: what it says, its columns, its rows. The first column is the system."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(results: Results) -> list[Table]:
    """All tables of a run; a table nobody has figures for is left out."""
    summary = Summary(results)
    made = [_without_empty_columns(make(summary)) for make in (_overview, _bodies, _connections, _tail, _streams)]
    return [table for table in made if len(table.columns) > 1]


def text(results: Results) -> str:
    """The whole report for a terminal."""
    return _whole(results, _text_table)


def markdown(results: Results) -> str:
    """The whole report for the documentation."""
    return _whole(results, _markdown_table)


def _overview(summary: Summary) -> Table:
    def row(system: str) -> list[str]:
        cost = summary.cost(system)
        return [
            *_cpu_and_ratio(summary, system, BASE),
            *_cpu_and_ratio(summary, system, STREAMS),
            _number(summary.added_ms(system, SINGLE, "p50_ms"), 2),
            _number(summary.added_ms(system, SINGLE, "p99_ms"), 2),
            _cell(cost, "idle_mb", 0),
            _cell(cost, "loaded_mb", 0),
            _cell(cost, "cpu_seconds", 2),
            _cell(cost, "wall_seconds", 2),
        ]

    return Table(
        title="Overview",
        note="CPU per request at 0.5 KB and per stream, both over 32 connections; added milliseconds over one connection; "
        "resident memory after the first answer and after the round; start until the first answer.",
        columns=[
            "CPU µs/request", f"× {LIMIT}", "CPU µs/stream", f"× {LIMIT}", "added p50 ms", "added p99 ms",
            "MB idle", "MB loaded", "start CPU s", "start s",
        ],
        rows=_rows(summary, row),
    )  # fmt: skip


def _bodies(summary: Summary) -> Table:
    return Table(
        title="CPU by body size",
        note="CPU µs per request over 32 connections, closed loop; request and answer are each about this long.",
        columns=[name for size in ("0.5 KB", "8 KB", "200 KB") for name in (size, f"× {LIMIT}")],
        rows=_rows(summary, lambda system: _many_ratios(summary, system, BODIES)),
    )


def _connections(summary: Summary) -> Table:
    return Table(
        title="CPU by connections",
        note="CPU µs per request of 0.5 KB, closed loop.",
        columns=[name for n in CONNECTION_STEPS for name in (f"{n} conn.", f"× {LIMIT}")],
        rows=_rows(summary, lambda system: _many_ratios(summary, system, CLOSED_STEPS)),
    )


def _tail(summary: Summary) -> Table:
    def row(system: str) -> list[str]:
        cells = [_cell(summary.figure(system, BASE), "per_second", 0)]
        for workload in PACED_STEPS:
            figure = summary.figure(system, workload)
            cells += [_cell(figure, "p50_ms", 2), _cell(figure, "p99_ms", 2)]
        return cells

    steps = [name for n in CONNECTION_STEPS[1:] for name in (f"p50 ms, {n} conn.", "p99 ms")]
    return Table(
        title="Latency at half of each system's own capacity",
        note="Requests of 0.5 KB at a fixed rate, half of what the same system answered in the closed loop over 32 "
        "connections (first column), spread over the connections; latency from when each request was due, upstream "
        "included.",
        columns=["capacity /s", *steps],
        rows=_rows(summary, row, also=DIRECT),
    )


def _streams(summary: Summary) -> Table:
    def row(system: str) -> list[str]:
        return [
            *_cpu_and_ratio(summary, system, STREAMS),
            _number(summary.added_ms(system, STREAMS, "first_byte_ms"), 2),
            _number(summary.added_ms(system, STREAMS, "p50_ms"), 2),
            _cell(summary.figure(system, STREAMS), "arrivals", 1),
        ]

    return Table(
        title="Streams",
        note="32 at a time, 20 chunks 5 ms apart and a last one with [DONE]. Arrivals: in how many pieces the client got a "
        "stream; 21 is each chunk by itself, less means that chunks were held back, more that they were cut up. A system "
        "that 32 such streams keep busy all the time shows its queue in the added milliseconds.",
        columns=["CPU µs/stream", f"× {LIMIT}", "added to first byte, ms", "added to whole, ms", "arrivals"],
        rows=_rows(summary, row, also=DIRECT),
    )


def _without_empty_columns(table: Table) -> Table:
    kept = [i for i in range(len(table.columns)) if any(row[i + 1] != "-" for row in table.rows)]
    rows = [[row[0], *(row[i + 1] for i in kept)] for row in table.rows]
    return msgspec.structs.replace(table, columns=[table.columns[i] for i in kept], rows=rows)


def _rows(summary: Summary, row: Callable[[str], list[str]], *, also: str = "") -> list[list[str]]:
    return [[system, *row(system)] for system in ([also] if also else []) + summary.systems]


def _many_ratios(summary: Summary, system: str, workloads: Sequence[Workload]) -> list[str]:
    return [cell for workload in workloads for cell in _cpu_and_ratio(summary, system, workload)]


def _cpu_and_ratio(summary: Summary, system: str, workload: Workload) -> list[str]:
    if summary.is_invalid(system, workload):
        return ["invalid", "-"]
    if system == DIRECT:
        return ["-", "-"]
    figure = summary.figure(system, workload)
    return [_cell(figure, "cpu_us", 0), _number(summary.times_limit(system, workload), 1)]


def _cell(figure: Figure | Cost | None, field: str, digits: int) -> str:
    return _number(getattr(figure, field) if figure else None, digits)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _whole(results: Results, render: Callable[[Table], str]) -> str:
    parts = [_about(results), *(render(table) for table in tables(results)), _settings(results), _faults(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(results: Results) -> str:
    machine = ", ".join(f"{key} {value}" for key, value in results.machine.items())
    others = median(window.others_busy for window in results.windows) if results.windows else 0.0
    warning = " That is not a quiet machine: read every figure as an upper bound." if others > QUIET_CORES else ""
    return (
        f"{results.rounds} interleaved rounds of {results.seconds:g} s per window, medians; load from {results.generator}. "
        f"Meanwhile other processes and the hypervisor took {others:.2f} cores.{warning} Machine: {machine}."
    )


def _settings(results: Results) -> str:
    run = [f"- {name}: {said}" for name, said in results.settings.items() if name not in results.not_run]
    return "\n".join([*run, *(f"- {name}: not run: {why}" for name, why in results.not_run.items())])


def _faults(results: Results) -> str:
    summary = Summary(results)
    busy = sorted({
        f"{w.system}, {w.workload}"
        for w in results.windows
        if w.load_core_busy > LOAD_CORE_FULL and w.system != DIRECT
    })  # fmt: skip
    lines = [f"- does not count: {row}: {why}" for row, why in summary.faults().items()]
    if busy:
        lines.append(f"- the load core was over {LOAD_CORE_FULL:.0%} busy: {'; '.join(busy)}")
    return "\n".join(lines)


def _text_table(table: Table) -> str:
    header = ["", *table.columns]
    widths = [max(len(line[i]) for line in [header, *table.rows]) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [header, *table.rows]
    ]
    return "\n".join([table.title, table.note, *lines])


def _markdown_table(table: Table) -> str:
    lines = ["| System | " + " | ".join(table.columns) + " |", "|---" + "|---:" * len(table.columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    return "\n".join([f"### {table.title}", "", table.note, "", *lines])
