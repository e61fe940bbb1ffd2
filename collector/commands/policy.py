"""`limen policy`: what a policy file says and what is wrong with it, and how to come by one."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from collector.commands import reload, suggest


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    policy = commands.add_parser("policy", help="check, draft or reload a policy")
    actions = policy.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="say what FILE means, or what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)
    suggest.register(actions)
    reload.register(actions)


def _check(args: argparse.Namespace) -> int:
    """0, or 1 where the policy is wrong. Raises BadInput where there is no such file."""
    from collector.commands.policy_words import in_words
    from collector.contract.policy_file import WrongPolicy, read_policy

    try:
        policy = read_policy(args.file)
    except WrongPolicy as exc:
        if args.json:
            problems = [asdict(problem) for problem in exc.problems]
            _print({"file": str(args.file), "good": False, "problems": problems})
        else:
            sys.stdout.write(f"{exc}\n")
        return 1
    if args.json:
        _print(
            {
                "file": str(args.file),
                "good": True,
                "problems": [],
                "version": policy.version,
                "digest": policy.digest,
                "says": list(in_words(policy)),
            }
        )
    else:
        sys.stdout.write(
            f"{args.file} is good: version {policy.version}, SHA-256 {policy.digest}\n\n"
        )
        sys.stdout.writelines(f"{sentence}\n" for sentence in in_words(policy))
    return 0


def _print(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
