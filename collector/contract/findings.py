"""What the door reports besides counting it: the codes of findings, and the names they go by.

Content is known by the keys that conventions and SDKs give it, an identifier of hardware by its
key too, a signed URL by the names of its parameters. Nothing here is ever stored.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

CONTENT = "CONTENT_IN_TELEMETRY"
SECRET = "SECRET_IN_TELEMETRY"
HARDWARE_ID = "HARDWARE_ID_IN_TELEMETRY"
SIGNATURE = "SIGNATURE_IN_URL"
UNKNOWN = "UNKNOWN_ATTRIBUTE"

# What a declaration's file itself shows; the others that a comparison finds are in compliance.py.
UNKNOWN_VALUE = "UNKNOWN_ENUM_VALUE"
DISAGREE = "DECLARATIONS_DISAGREE"

CODES: Mapping[str, str] = MappingProxyType(
    {
        CONTENT: "a prompt, an answer, a query or a body",
        SECRET: "a password, a token or a key",
        HARDWARE_ID: "an identifier of a device's hardware or an advertising id",
        SIGNATURE: "a URL whose signature lets anyone who has it in",
        UNKNOWN: "an attribute that neither the conventions nor the policy name",
    }
)

# What a detector's finding is, wherever it finds it; others find what the policy decides about.
DETECTED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "jwt",
                "authorization",
                "aws_access_key",
                "google_api_key",
                "github_token",
                "slack_token",
                "ai_key",
                "stripe_key",
                "vendor_token",
                "credential",
                "private_key",
                "url_password",
            ),
            SECRET,
        ),
        **dict.fromkeys(("imei", "mac"), HARDWARE_ID),
    }
)

PLACES = ("span", "resource", "scope", "event", "link", "log")

# Keys of content, each with everything below it.
CONTENT_KEYS = frozenset(
    (
        # OpenTelemetry
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
        "gen_ai.prompt", "gen_ai.completion", "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result", "gen_ai.tool.definitions", "gen_ai.event.content",
        "gen_ai.content.prompt", "gen_ai.content.completion", "gen_ai.system.message",
        "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message", "gen_ai.choice",
        "gen_ai.client.inference.operation.details", "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents", "gen_ai.evaluation.explanation",
        "db.query.text", "db.statement", "db.query.parameter", "db.operation.parameter",
        "http.request.body", "http.response.body", "messaging.message.body",
        "rpc.message.body", "graphql.document",
        # OpenLLMetry, OpenInference
        "traceloop.entity.input", "traceloop.entity.output", "traceloop.prompt.template_variables",
        "llm.prompts", "llm.completions", "llm.input_messages", "llm.output_messages",
        "llm.prompt_template.variables", "llm.prompt_template.template", "llm.function_call",
        "input.value", "output.value", "message.content", "message.contents", "document.content",
        "embedding.text", "embedding.embeddings", "retrieval.documents", "reranker.query",
        "reranker.input_documents", "reranker.output_documents", "tool.parameters",
        # SDKs of applications
        "ai.prompt", "ai.response.text", "ai.response.object", "ai.response.toolcalls",
        "ai.toolcall.args", "ai.toolcall.result", "ai.value", "ai.values",
        "langfuse.trace.input", "langfuse.trace.output", "langfuse.observation.input",
        "langfuse.observation.output", "mlflow.spaninputs", "mlflow.spanoutputs",
        "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response",
        "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.tool_response",
        "pydantic_ai.all_messages", "all_messages_events", "request_data", "response_data",
    )
)  # fmt: skip

# What a key of content may end in and be about it only.
ABOUT_CONTENT = frozenset(("size", "count", "length", "bytes", "tokens", "name", "id", "version"))

HARDWARE_KEY = re.compile(
    r"(?:^|[._\-/])(?:imei(?:sv)?|imsi|meid|iccid|idf[av]|[ga]aid|adid|udid|ssaid|android_?id"
    r"|advertising[._\-]?id(?:entifier)?|app_?set_?id|(?:hw|hardware|device)[._\-]?(?:id|serial)"
    r"|serial(?:[._\-]?(?:number|no))?|mac(?:[._\-]?addr(?:ess)?)?|bluetooth[._\-]?addr(?:ess)?)$",
    re.IGNORECASE,
)
SECRET_KEY = re.compile(
    r"(?:^|[._\-/])(?:authorization|cookie|set[_\-]cookie|passw(?:or)?d|passphrase|secret"
    r"|client[_\-]?secret|(?:x[_\-])?api[_\-]?key|private[_\-]?key|(?:access|refresh|auth|id|bearer)"
    r"[_\-]?token)$",
    re.IGNORECASE,
)
# OpenTelemetry asks for these values to be replaced by REDACTED.
SIGNATURE_IN_URL = re.compile(
    r"[?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature|X-Amz-Signature)="
    r"(?!REDACTED(?:[&#\s]|$))[^&#\s]",
    re.IGNORECASE,
)


def content_key(key: str) -> str | None:
    """The key of CONTENT_KEYS that `key` is or stands below; None where it is none."""
    parts = key.lower().split(".")
    if len(parts) > 1 and parts[-1] in ABOUT_CONTENT:
        return None
    for end in range(len(parts), 0, -1):
        if (name := ".".join(parts[:end])) in CONTENT_KEYS:
            return name
    return None
