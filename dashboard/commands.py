"""`limen dashboard`: the dashboard, served by Streamlit in this process's place."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from collector.contract.config import LOOPBACK, Address, environment_of, load_settings
from collector.contract.errors import BadInput
from dashboard import theme

APP = Path(__file__).with_name("app.py")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "dashboard",
        help="run the dashboard",
        description="Runs the dashboard against a collector's query API, until Ctrl-C.",
    )
    parser.add_argument("--api", metavar="URL", help="the collector's query API")
    parser.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")
    parser.add_argument("--host", metavar="H", help="address to listen on (loopback)")
    parser.add_argument("--port", metavar="P", type=int, help="port to listen on; 0: a free one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Becomes the Streamlit server; returns only by raising. Raises BadInput."""
    settings = load_settings({"api_url": args.api, "token": args.token})
    if settings.token and settings.token.get_secret_value().startswith("limen_admin_"):
        raise BadInput(
            "LIMEN_TOKEN is of the role admin, and every reader of the dashboard would be one: "
            "leave it out, and each signs in with a token of their own"
        )
    default = settings.dashboard
    host = args.host or default.host
    port = free_port(host, default.port if args.port is None else args.port)
    sys.stdout.write(
        f"Limen dashboard: http://{Address(host=host, port=port)}  "
        f"(asks the collector at {settings.api_url})\n"
    )
    sys.stdout.flush()
    command = streamlit_command(host, port, settings.dashboard_hosts)
    # By the environment: every user of the machine can read a command line.
    os.execve(command[0], command, environment_of(settings))


def free_port(host: str, port: int) -> int:
    """`port`, or a free one for 0. Raises BadInput where it cannot be listened on."""
    if host not in LOOPBACK:
        raise BadInput(
            f"the dashboard has no TLS and listens on this machine only, not on {host}; "
            "leave --host out and put a proxy with TLS before it (see dashboard_hosts)"
        )
    if not 0 <= port <= 65535:
        raise BadInput(f"--port {port}: a port is a number from 0 to 65535")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the server does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise BadInput(
                f"the dashboard cannot listen on {host} port {port}: {exc.strerror}; "
                "name another with --port, or 0 for a free one"
            ) from exc
        return int(probe.getsockname()[1])


def streamlit_command(host: str, port: int, names: Sequence[str]) -> list[str]:
    """The command line of the server; it answers to this machine's names and to `names`."""
    return [
        sys.executable,
        *("-m", "streamlit", "run", str(APP)),
        f"--server.address={host}",
        f"--server.port={port}",
        *(f"--server.allowedHosts={name}" for name in (*LOOPBACK, *names)),
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
        "--client.toolbarMode=minimal",
        # What a table's own toolbar hands out would be in no audit log.
        "--client.disableDataExport=true",
        "--client.showErrorDetails=none",
        "--client.showErrorLinks=false",
        "--logger.hideWelcomeMessage=true",
        "--runner.magicEnabled=false",
        *theme.flags(),
    ]
