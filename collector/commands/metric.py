"""`limen metric`: one metric of a running collector, as a table, JSON or CSV."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.commands.asking import add_collector, collector_of, conditions, say_part
from collector.commands.files import write_new


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    metric = commands.add_parser("metric", help="ask one metric")
    metric.add_argument("name", metavar="NAME", help="fallback_rate, egress, …")
    metric.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -7d (default)")
    metric.add_argument("--to", dest="until", metavar="T", help="likewise (now)")
    metric.add_argument("--by", default="", metavar="A,B", help="dimensions")
    metric.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="K=V",
        help="a dimension and its value",
    )
    metric.add_argument(
        "--selected",
        action="append",
        default=[],
        metavar="K=V",
        help="what is held against the rest",
    )
    metric.add_argument(
        "--order", metavar="C", help="a column, for `ledger`; --order=-C: largest first"
    )
    metric.add_argument("--format", choices=("table", "json", "csv"), default="table")
    metric.add_argument(
        "--out", type=Path, metavar="FILE", help="not there yet, CSV: every row of `ledger` too"
    )
    add_collector(metric)
    metric.set_defaults(run=_metric)


def _metric(args: argparse.Namespace) -> int:
    from collector.contract.records import Query

    by = tuple(name for name in args.by.split(",") if name)
    query = Query(
        metric=args.name,
        since=args.since,
        until=args.until,
        by=by,
        where=conditions("--where", args.where),
        selected=conditions("--selected", args.selected),
        order=args.order,
    )
    with collector_of(args) as client:
        if args.out is not None:
            write_new(args.out, _told(client.metric_csv(query)))
            return 0
        if args.format == "csv":
            sys.stdout.buffer.writelines(chunk for chunk, _ in client.metric_csv(query))
            return 0
        answer = client.metric(query)
    names = [column.name for column in answer.columns]
    if args.format == "json":
        sys.stdout.write(json.dumps(answer.model_dump(), indent=2) + "\n")
    else:
        _print_table(names, [list(row) for row in answer.rows])
    return 0


def _told(pieces: Iterator[tuple[bytes, int]]) -> Iterator[bytes]:
    """The pieces of a file; every tenth of a large one is told."""
    done = 0
    for chunk, size in pieces:
        done += len(chunk)
        say_part(done, len(chunk), size)
        yield chunk


def _print_table(names: list[str], rows: list[list[Any]]) -> None:
    """Aligned columns; a single row stands upright, because it would not fit a terminal."""
    cells = [[_cell(value) for value in row] for row in rows]
    if len(cells) == 1:
        cells, names = [list(pair) for pair in zip(names, cells[0], strict=True)], []
    lines = [names, *cells] if names else cells
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    for line in lines:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(padded.rstrip() + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
