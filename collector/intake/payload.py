"""What goes into the pipeline, and what comes out of it."""

from dataclasses import dataclass, field, replace
from typing import Literal

Signal = Literal["traces", "logs"]
SIGNALS: tuple[Signal, ...] = ("traces", "logs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """One request's decompressed body. `received` is ns since 1970, `sent_bytes` as it came."""

    signal: Signal
    body: bytes = field(repr=False)
    sent_bytes: int
    received: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What became of a committed request: how many records can never be stored, and why."""

    rejected: int = 0
    message: str = ""

    def noting(self, what: str) -> "Receipt":
        """This receipt with `what` said too."""
        message = f"{self.message}; {what}" if self.message else what
        return Receipt(rejected=self.rejected, message=message)

    def refusing(self, erased: int) -> "Receipt":
        """This receipt where `erased` records besides belong to what was erased."""
        if not erased:
            return self
        return replace(
            self.noting("of an installation that was erased"), rejected=self.rejected + erased
        )
