"""The identifier of an installation, which no history of a shell should keep."""

import argparse
import sys


def add_identifier(command: argparse.ArgumentParser) -> None:
    """Lets `command` have it as its argument, or read it."""
    command.add_argument(
        "installation",
        metavar="INSTALLATION_ID",
        nargs="?",
        help="its app.installation.id; better left out, and then read from standard input or asked "
        "for: the shell's history keeps an argument, and others on this machine see it",
    )


def read_identifier(given: str | None) -> str:
    """The one that was `given`, else one line of standard input; on a terminal it is asked for and
    not shown. Raises BadInput."""
    from getpass import getpass

    from collector.contract.errors import BadInput

    identifier = given
    if identifier is None or identifier == "-":
        asked = getpass("app.installation.id: ") if sys.stdin.isatty() else sys.stdin.readline()
        identifier = asked.removesuffix("\n").removesuffix("\r")
    if not identifier:
        raise BadInput("give the identifier on standard input: limen COMMAND < FILE")
    try:
        identifier.encode()
    except UnicodeEncodeError:
        raise BadInput("the identifier is not UTF-8") from None
    return identifier
