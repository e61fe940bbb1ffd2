"""The signature over a manifest: DSSE (https://github.com/secure-systems-lab/dsse), Ed25519."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from collector.contract.errors import BadInput
from collector.evidence.statement import one_form

TYPE = "application/vnd.in-toto+json"


def sealed(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """`manifest`, signed."""
    # It looks for the clients of several clouds: too long for every start of a collector.
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    envelope = Envelope(manifest, TYPE, {})
    envelope.sign(CryptoSigner(key))
    return one_form(envelope.to_dict())


def check_envelope(content: bytes, manifest: bytes, key: bytes) -> None:
    """Raises BadInput where it is not the signature of the `key` (32 bytes) over `manifest`."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError, VerificationError
    from securesystemslib.signer import SSlibKey

    try:
        envelope = Envelope.from_dict(json.loads(content))
        written = one_form(envelope.to_dict())
    except (ValueError, KeyError, TypeError, AttributeError, FormatError, RecursionError):
        raise BadInput("it cannot be read as an envelope of DSSE") from None
    # Base64 in one way only, and nothing that nobody signed.
    if written != content or len(envelope.signatures) != 1 or envelope.payload_type != TYPE:
        raise BadInput("it is not in the form that an envelope is written in")
    if envelope.payload != manifest:
        raise BadInput("what is signed is not the manifest")
    try:
        public = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key))
        envelope.verify([public], 1)
    except VerificationError:
        raise BadInput("it is not signed with the key of the pack's log") from None
