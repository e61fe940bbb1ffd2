"""Where data may go, and what the app says about it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A place data goes to, and what the app says about it."""

    host: str
    template: str
    region: str
    processor: str
    purpose: str
    consent: str
    traced: bool


INFERENCE = Destination(
    host="inference.example.com",
    template="/v1",
    region="eu-west-1",
    processor="Example Ltd",
    purpose="app_functionality",
    consent="granted",
    traced=True,
)
LANGUAGE = Destination(
    host="llm.example.net",
    template="/v1/chat/completions",
    region="us-east-1",
    processor="Example Language",
    purpose="app_functionality",
    consent="granted",
    traced=True,
)
ADKIT = Destination(
    host="adkit.example",
    template="/v2/collect",
    region="us-east-1",
    processor="AdKit",
    purpose="analytics",
    consent="unknown",
    traced=False,
)
