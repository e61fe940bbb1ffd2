"""Whether data can be taken now, and else why not: one answer for whoever asks."""

from collector.intake.admission import Admission
from collector.permissions.tokens import Tokens
from collector.pipeline import Pipeline


class Readiness:
    """Of a collector with these parts."""

    def __init__(self, pipeline: Pipeline, admission: Admission, tokens: Tokens) -> None:
        self._pipeline, self._admission, self._tokens = pipeline, admission, tokens

    def obstacle(self) -> str | None:
        """Why data cannot be taken, in a line for the operator; None where it can."""
        if (found := self._admission.obstacle()) is not None:
            return found
        if not self._pipeline.healthy:
            return "the database does not take writes: see the log"
        if not self._tokens.readable:
            return "the file of tokens is missing or damaged"
        return None
