"""TLS by certificate files, and listening beyond loopback, on real ports."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from collector.contract.client import LimenClient
from collector.contract.errors import BadInput, CollectorUnreachable
from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from tests.commands import limen
from tests.otlp import request_span, traces
from tests.processes import FREE, RunningCollector, running_collector

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOBUF = {"content-type": "application/x-protobuf"}


def certificate(folder: Path, name: str = "own") -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key, PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    return chain, private


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ca(folder: Path) -> Path:
    return certificate(folder)[0]


@pytest.fixture(scope="module")
def secured(folder: Path, ca: Path) -> Iterator[RunningCollector]:
    settings = folder / "limen.toml"
    settings.write_text(f'tls_certificate = "{ca}"\ntls_key = "{ca.with_suffix(".key")}"\n')
    with running_collector(folder / "home", folder=folder) as running:
        yield running


def test_the_ready_line_says_https(secured: RunningCollector) -> None:
    assert secured.http.startswith("https://") and secured.api.startswith("https://")


def test_what_is_sent_over_tls_is_there(secured: RunningCollector, ca: Path) -> None:
    http_span, grpc_span = request_span(), request_span()
    with LimenClient(secured.api, ca=ca) as client:
        context = ssl.create_default_context(cafile=ca)
        answer = httpx.post(
            secured.http + "/v1/traces",
            content=traces(http_span).SerializeToString(),
            headers=PROTOBUF,
            verify=context,
        )
        assert answer.status_code == 200
        credentials = grpc.ssl_channel_credentials(ca.read_bytes())
        with grpc.secure_channel(secured.grpc, credentials) as channel:
            channel.unary_unary(EXPORT)(traces(grpc_span).SerializeToString(), timeout=30)
        for span in (http_span, grpc_span):
            assert client.trace(span.trace_id.hex())["requests"]


def test_no_door_answers_without_tls(secured: RunningCollector) -> None:
    for url in (secured.http + "/healthz", secured.api + "/api/status"):
        with pytest.raises(httpx.TransportError):
            httpx.get(url.replace("https://", "http://"))
    with (
        LimenClient(secured.api.replace("https://", "http://")) as client,
        pytest.raises(CollectorUnreachable, match="https://"),
    ):
        client.status()
    with grpc.insecure_channel(secured.grpc) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary(EXPORT)(b"", timeout=10)


def test_a_certificate_that_nobody_vouches_for_is_said_with_the_setting(
    secured: RunningCollector, folder: Path
) -> None:
    other, _ = certificate(folder, "other")
    for trusted in (None, other):
        with (
            LimenClient(secured.api, ca=trusted) as client,
            pytest.raises(CollectorUnreachable, match="LIMEN_API_CA"),
        ):
            client.status()
    (folder / "rubbish.pem").write_text("rubbish")
    for broken in (folder / "rubbish.pem", folder / "nowhere.pem"):
        with pytest.raises(BadInput, match="api_ca"):
            LimenClient(secured.api, ca=broken)


def test_commands_ask_over_tls(
    secured: RunningCollector, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMEN_API_CA", str(ca))
    done = limen("metric", "latency", "--api", secured.api)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("chain", "key", "says"),
    [
        ("own.pem", None, "go together"),
        (None, "own.key", "go together"),
        ("own.pem", "second.key", "are not a PEM chain and its private key"),
        ("own.pem", "locked.key", "without a passphrase"),
        ("rubbish.txt", "own.key", "are not a PEM chain"),
        ("own.pem", "nowhere.key", "cannot be read"),
    ],
)
def test_files_that_are_no_certificate_and_key_are_refused_at_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chain: str | None,
    key: str | None,
    says: str,
) -> None:
    certificate(tmp_path)
    certificate(tmp_path, "second")
    (tmp_path / "rubbish.txt").write_text("rubbish")
    (tmp_path / "locked.key").write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
    )
    for name, file in {"LIMEN_TLS_CERTIFICATE": chain, "LIMEN_TLS_KEY": key}.items():
        if file:
            monkeypatch.setenv(name, str(tmp_path / file))
    places = ("--http", FREE, "--grpc", FREE, "--api", FREE)
    done = limen("collector", "--home", str(tmp_path / "home"), *places)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_with_tokens_it_listens_beyond_this_machine_by_the_names_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, phones = create_token(tmp_path, Role.INGEST, "")
    _, lead = create_token(tmp_path, Role.LEAD, "")
    monkeypatch.setenv("LIMEN_API_HOSTS", "limen.example.com, other.example.com")
    everywhere = ("--http", "0.0.0.0:0", "--grpc", "0.0.0.0:0", "--api", "0.0.0.0:0")
    with running_collector(tmp_path, *everywhere) as running:
        port = urlsplit(running.http).port
        for token, status in ((phones, 200), (lead, 403), (None, 401)):
            headers = PROTOBUF | ({"authorization": f"Bearer {token}"} if token else {})
            answer = httpx.post(f"http://127.0.0.1:{port}/v1/traces", headers=headers)
            assert answer.status_code == status
        asking = f"http://127.0.0.1:{urlsplit(running.api).port}/api/status"
        for host, status in (
            ("limen.example.com:4320", 200),
            ("OTHER.example.com", 200),
            ("localhost", 200),
            ("evil.example", 400),
        ):
            headers = {"host": host, "authorization": f"Bearer {lead}"}
            assert httpx.get(asking, headers=headers).status_code == status
        running.stop()
        assert running.process.stderr is not None
        assert "without TLS" in running.process.stderr.read()
