"""Backup and restore: everything acknowledged before it began, checked to the last byte."""

import io
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.backup import Backups, check, restore
from collector.contract.errors import BadInput, StoreUnusable
from collector.metrics import metrics
from collector.store.maintenance import Maintenance
from collector.store.schema import VERSION
from tests.commands import limen
from tests.otlp import PHONE, logged_input, now, request_span, traces
from tests.processes import running_collector
from tests.store import POLICY, Store
from tests.test_maintenance import DAY, fill

METRICS = tuple(metrics())


def backup(store: Store, file: Path, *, keys: bool = True) -> None:
    kept = Maintenance(store.database, store.policy, store.health)
    archive = Backups(kept, store.home).make(keys=keys)
    content = b"".join(archive.chunks())
    assert len(content) == archive.size
    file.write_bytes(content)


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    """A backup, with keys, of a store that holds something of everything."""
    fill(store)
    backup(store, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def test_the_restored_store_answers_the_same_and_opens_its_inputs(
    store: Store, file: Path, tmp_path: Path
) -> None:
    home = tmp_path / "restored"
    assert restore(file, home).with_keys
    assert {path.stat().st_mode & 0o777 for path in home.rglob("*") if path.is_file()} == {0o600}
    with Store(home) as restored:
        for metric in METRICS:
            assert restored.ask(metric) == store.ask(metric)
        (run,) = restored.replays.all()
        assert restored.replays.scores(run.run).equals(store.replays.scores(run.run))
        (case,) = restored.replays.open_inputs(run.run, 0, "a test").to_pylist()
        assert case["input"] == b"body"
        # The same phone looks the same.
        restored.take(traces(request_span()))
        assert len(restored.rows("select distinct installation from spans")) == 1


def test_without_keys_none_is_in_it_and_nothing_starts_before_they_are_back(
    store: Store, tmp_path: Path
) -> None:
    asked = request_span()
    store.take(traces(asked), logged_input(asked, b"body"))
    backup(store, tmp_path / "backup.tar", keys=False)
    content = (tmp_path / "backup.tar").read_bytes()
    keys = list((store.home / "keys").iterdir())
    assert keys and not any(path.read_bytes() in content for path in keys)
    home = tmp_path / "restored"
    assert not restore(tmp_path / "backup.tar", home).with_keys
    with pytest.raises(StoreUnusable, match="is missing: restore it from a backup"):
        Store(home)
    (home / "keys").mkdir(exist_ok=True)
    for path in keys:
        (home / "keys" / path.name).write_bytes(path.read_bytes())
    with Store(home) as restored:
        assert restored.ask("requests") == store.ask("requests")


def test_no_deleted_byte_is_in_it(store: Store, tmp_path: Path) -> None:
    word = "canary.example"
    call = request_span().child("CLIENT", server_address=word)
    store.take(traces(call, resource=PHONE), received=now() - 40 * DAY)
    store.database.checkpoint()
    Maintenance(store.database, store.policy, store.health).retain(now())
    assert word.encode() in store.database.path.read_bytes()
    backup(store, tmp_path / "backup.tar")
    assert word.encode() not in (tmp_path / "backup.tar").read_bytes()
    assert not store.database.copy_path.exists()


def test_it_is_a_tar_file_that_anyone_can_read(file: Path) -> None:
    with tarfile.open(file) as tar:
        names = tar.getnames()
        described = tar.extractfile("manifest.json")
        assert described is not None
        manifest = json.load(described)
    assert names[:2] == ["manifest.json", "limen.duckdb"]
    assert set(names[1:]) == manifest["files"].keys()
    assert manifest["schema_version"] == VERSION


def rewritten(content: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = {m.name: f.read() for m in tar if (f := tar.extractfile(m)) is not None}
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


def newer(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"]) | {"schema_version": 99}
    members["manifest.json"] = json.dumps(manifest).encode()


def elsewhere(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["../outside"] = manifest["files"]["limen.duckdb"]
    members["manifest.json"] = json.dumps(manifest).encode()
    members["../outside"] = members["limen.duckdb"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content[: len(content) // 2], "damaged|not a whole backup"),
        (lambda content: content[:700], "not a whole backup"),
        (lambda content: b"not a tar file", "not a whole backup"),
        (lambda content: b"", "not a whole backup"),
        (lambda content: rewritten(content, lambda m: m.pop("manifest.json")), "no manifest.json"),
        (lambda content: rewritten(content, lambda m: m.pop("limen.duckdb")), "damaged"),
        (lambda content: rewritten(content, elsewhere), "holds other files"),
        (
            lambda content: rewritten(content, newer),
            f"schema 99 and this Limen reads up to {VERSION}: install Limen",
        ),
    ],
    ids=["half", "head", "no-tar", "empty", "no-manifest", "no-database", "other-path", "newer"],
)
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(
    file: Path, tmp_path: Path, change: Callable[[bytes], bytes], says: str
) -> None:
    file.write_bytes(change(file.read_bytes()))
    home = tmp_path / "restored"
    with pytest.raises((BadInput, StoreUnusable), match=says):
        restore(file, home)
    assert not list(home.iterdir()) and not (tmp_path / "outside").exists()


def test_one_changed_bit_is_found(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BadInput, match="is damaged in it"):
        check(file)


@pytest.mark.parametrize("there", ["limen.duckdb", "limen.duckdb.wal", "keys/master.key"])
def test_nothing_is_overwritten(file: Path, tmp_path: Path, there: str) -> None:
    home = tmp_path / "restored"
    (home / "keys").mkdir(parents=True)
    (home / there).write_bytes(b"mine")
    with pytest.raises(BadInput, match="is there already"):
        restore(file, home)
    assert (home / there).read_bytes() == b"mine"
    assert {path.name for path in home.rglob("*")} == {"keys", Path(there).name}


def test_a_running_collector_is_backed_up_and_restored(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "backup.tar"
    home.mkdir()
    (home / "policy.toml").write_text(POLICY, "utf-8")
    acknowledged: list[str] = []
    stop = threading.Event()
    with running_collector(home) as collector:

        def send() -> None:
            while not stop.is_set():
                span = request_span()
                if collector.post(traces(span).SerializeToString()).status_code == 200:
                    acknowledged.append(span.trace_id.hex())

        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        try:
            while len(acknowledged) < 50:
                stop.wait(0.05)
            before = list(acknowledged)
            done = limen("backup", str(file), "--with-keys", "--json", "--api", collector.api)
        finally:
            stop.set()
            for sender in senders:
                sender.join()
        assert done.returncode == 0, done.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        again = limen("backup", str(file), "--api", collector.api)
        assert again.returncode == 2 and "is there already" in again.stderr
    assert not list(home.glob("*.copy*"))

    restored = tmp_path / "restored"
    done = limen("restore", str(file), "--home", str(restored))
    assert done.returncode == 0 and "with keys" in done.stdout, done.stderr
    with running_collector(restored, "--policy", str(home / "policy.toml")) as collector:
        assert collector.post(traces(request_span()).SerializeToString()).status_code == 200
    with Store(restored) as store:
        stored = [row["id"] for row in store.rows("select hex(trace_id) as id from spans")]
    assert len(stored) == len(set(stored)) <= len(acknowledged) + 1
    assert {trace.upper() for trace in before} <= set(stored)
