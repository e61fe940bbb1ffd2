"""`limen token`: makes, lists and ends tokens, whether the collector runs or not."""

import argparse
import json
import sys
from pathlib import Path

from collector.permissions.roles import Role


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `token` with its sub-commands."""
    token = commands.add_parser("token", help="make, list and end tokens")
    actions = token.add_subparsers(required=True, metavar="create|list|revoke")
    create = actions.add_parser("create", help="make a token and print it once")
    create.add_argument(
        "--role", required=True, choices=[role.value for role in Role], help="what it is for"
    )
    create.add_argument("--name", default="", metavar="N", help="who has it, for `token list`")
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="every token but its words")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="end a token at once")
    revoke.add_argument("id", metavar="ID", help="see `limen token list`")
    revoke.set_defaults(run=_revoke)
    for action in (create, listing, revoke):
        action.add_argument("--home", type=Path, metavar="DIR", help="where data and keys live")
        action.add_argument("--json", action="store_true", help="print JSON")


def _create(args: argparse.Namespace) -> int:
    from collector.permissions.tokens import create_token

    token, words = create_token(_home(args), Role(args.role), args.name)
    if args.json:
        document = token.model_dump(mode="json", exclude={"sha256", "revoked"})
        sys.stdout.write(json.dumps(document | {"token": words}) + "\n")
        return 0
    sys.stdout.write(f"{words}\n")
    sys.stderr.write(f"limen: {token.id}, role {token.role}; it is shown this once: keep it safe\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    from collector.permissions.tokens import read_tokens

    tokens = [
        token.model_dump(mode="json", exclude={"sha256"}) for token in read_tokens(_home(args))
    ]
    if args.json:
        sys.stdout.write(json.dumps(tokens) + "\n")
        return 0
    for token in tokens:
        ended = f"revoked {token['revoked']}" if token["revoked"] else "in force"
        line = f"{token['id']}  {token['role']:10}  {token['created']}  {ended:28}  {token['name']}"
        sys.stdout.write(line.rstrip() + "\n")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    from collector.permissions.tokens import revoke_token

    token = revoke_token(_home(args), args.id)
    if args.json:
        sys.stdout.write(json.dumps(token.model_dump(mode="json", exclude={"sha256"})) + "\n")
    else:
        sys.stdout.write(f"{token.id}, role {token.role}, is no longer in force\n")
    return 0


def _home(args: argparse.Namespace) -> Path:
    from collector.contract.config import load_settings

    return load_settings({"home": args.home}).home
