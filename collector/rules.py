"""A policy together with what applies it, so that both are exchanged at once."""

from dataclasses import dataclass

from collector.contract.policy import Policy
from collector.intake.inputs import InputSealer
from collector.redact import Redactor


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """`redactor` and `sealer` apply `policy`, and what they let in carries its version."""

    policy: Policy
    redactor: Redactor
    sealer: InputSealer
