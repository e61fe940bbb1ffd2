"""The closed list of dimensions a question can be asked by, with what each means."""

from collections.abc import Mapping
from types import MappingProxyType

DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "app": "service.name of the app",
        "environment": "deployment environment",
        "feature": "AI feature of the app",
        "release": "service.version of the app",
        "os": "operating system and its major version",
        "device_model": "device model identifier",
        "country": "ISO country code the app reports",
        "network": "network connection of the device",
        "model": "on-device model, name@version",
        "runtime": "on-device interpreter",
        "delegate": "hardware the interpreter ran on",
        "threshold_version": "version of the threshold",
        "placement": "the plan: device, hybrid or cloud",
        "decision": "what became of the request",
        "reason": "why it fell back or was blocked",
        "destination": "host the data went to",
        "region": "region the data went to",
        "role": "role of the receiver, by the policy",
        "category": "categories of data, as a set",
        "purpose": "purpose that the app states",
        "consent": "consent as of its time",
        "cause": "why data left: fallback, design or audit",
        "declaration": "declared by the policy of its release, undeclared, or unknown",
        "trace": "the trace, 32 hex digits",
        "leg": "device (left the phone), onward (passed on) or unknown",
        "pseudonym": "pseudonym of the installation",
        "hour": "hour, UTC",
        "day": "day, UTC",
    }
)
