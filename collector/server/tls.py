"""TLS by certificate files, one certificate for all doors."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from collector.contract.config import Settings
from collector.contract.errors import BadInput

if TYPE_CHECKING:
    import grpc


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """A certificate chain and its private key, both PEM."""

    chain: Path
    key: Path

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The one that the settings name, found to be usable. Raises BadInput."""
        chain, key = settings.tls_certificate, settings.tls_key
        if chain is None and key is None:
            return None
        if chain is None or key is None:
            raise BadInput("tls_certificate and tls_key go together: set both or neither")
        found = cls(chain=chain, key=key)
        found.context()
        return found

    def context(self) -> ssl.SSLContext:
        """For the HTTP doors. Raises BadInput."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # A key with a passphrase is refused rather than asked about on a terminal.
            context.load_cert_chain(self.chain, self.key, password="")
        except ssl.SSLError as exc:
            raise BadInput(
                f"tls_certificate {self.chain} and tls_key {self.key} are not a PEM chain and its "
                "private key without a passphrase"
            ) from exc
        except OSError as exc:
            raise BadInput(
                f"tls_certificate {self.chain} or tls_key {self.key} cannot be read: {exc.strerror}"
            ) from exc
        return context

    def grpc(self) -> "grpc.ServerCredentials":
        """For the gRPC door."""
        import grpc

        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.chain.read_bytes())])
