"""Signed heads as C2SP writes them down, what a check of the log finds, and heads that leave."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector.contract.config import Settings
from collector.contract.errors import BadInput, NotFound, StoreUnusable
from collector.tlog.checkpoint import Signer, Verifier, read_checkpoints, read_kept
from collector.tlog.entries import Entry
from collector.tlog.heads import Heads
from collector.tlog.merkle import consistent, included
from collector.tlog.verify import Check
from limen import main
from tests.processes import running_collector
from tests.store import Store
from tests.test_audit import note

SEED = bytes(range(32))


def check(store: Store, *kept: str, key: Verifier | None = None) -> list[str]:
    """What is wrong with the log of `store`, held against heads that were kept."""
    log = store.audit_log
    heads = [one for text in kept for one in read_checkpoints(text)]
    (now,) = read_checkpoints(log.checkpoint())
    found = Check(key or log.verifier, now, heads)
    rows = log.entries(0, 50_000).to_pylist()
    for row in rows:
        leaf = row.pop("leaf")
        found.take(None if row["salt"] is None else Entry(**row), row["number"], leaf)
    return found.finish()


def edit(home: Path, sql: str) -> None:
    """What somebody does to the file of a stopped collector."""
    with duckdb.connect(str(home / "limen.duckdb")) as connection:
        connection.execute(sql)


def test_a_checkpoint_is_a_signed_note_of_three_lines(store: Store) -> None:
    note(store, 2)
    text = store.audit_log.checkpoint()
    origin, size, root, empty, signature = text.splitlines()
    assert (size, empty, text[-1]) == ("3", "", "\n")
    assert base64.b64decode(root) == store.database.audited.root
    dash, name, encoded = signature.split(" ")
    raw = base64.b64decode(encoded)
    verifier = Verifier.parse(str(store.audit_log.verifier))
    assert (dash, name) == ("\u2014", origin) == ("\u2014", verifier.name)
    assert raw[:4] == verifier.identity and len(raw) == 68
    key = Ed25519PublicKey.from_public_bytes(verifier.key)
    key.verify(raw[4:], f"{origin}\n{size}\n{root}\n".encode())


def test_a_key_that_was_changed_is_refused() -> None:
    good = str(Signer(SEED).verifier)
    assert str(Verifier.parse(good + "\n")) == good
    name, identity, key = good.split("+", 2)
    for bad in ("", name, f"{name}+{identity}", f"x{good}", f"{name}+00000000+{key}", good[:-4]):
        with pytest.raises(BadInput, match=r"key"):
            Verifier.parse(bad)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no checkpoint in it"),
        ("limen\nx\ny\n\n", "line 1: no checkpoint"),
        ("\na\n1\n{root}\nb\n", "line 2: no checkpoint"),
        ("a\n01\n{root}\n\n\u2014 a AAAAAAA=\n", "line 1: no checkpoint"),
        ("a\n1\n{root}\n\nb\n", "line 1: the checkpoint is not signed"),
        ("a\n1\n{root}\n\n\u2014 a !\n", "line 5: no signature"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_its_line(text: str, said: str) -> None:
    root = base64.b64encode(bytes(32)).decode()
    with pytest.raises(BadInput, match=said):
        read_checkpoints(text.replace("{root}", root))


def test_every_entry_and_every_older_head_is_proved(store: Store) -> None:
    note(store, 10)
    log = store.audit_log
    (head,) = read_checkpoints(log.checkpoint())
    leaves = log.entries(0, 100).column("leaf").to_pylist()
    for number, leaf in enumerate(leaves):
        first, index, *rest = log.proof(number).split("\n")
        assert (first, index) == ("c2sp.org/tlog-proof@v1", f"index {number}")
        hashes = [base64.b64decode(line) for line in rest[: rest.index("")]]
        assert included(leaf, number, head.size, hashes, head.root)
        assert read_checkpoints("\n".join(rest[rest.index("") :])) != []
    for old in range(1, 12):
        older = store.database.audited if old == 11 else None
        proof = log.consistency(old, 11)
        roots = Check(log.verifier, head, [])
        for leaf in leaves[:old]:
            roots.tree, _ = roots.tree.append(leaf)
        assert consistent(old, roots.tree.root, 11, head.root, proof)
        assert older is None or older.root == roots.tree.root
    with pytest.raises(NotFound, match="no entry 11"):
        log.proof(11)
    with pytest.raises(BadInput, match="1 ≤ from ≤ to ≤ 11"):
        log.consistency(3, 12)


def test_a_log_that_goes_on_agrees_with_what_was_kept(store: Store) -> None:
    kept = [store.audit_log.checkpoint()]
    for times in (1, 3, 4):
        note(store, times)
        kept.append(store.audit_log.checkpoint())
    assert check(store, *kept) == []
    assert check(store, "".join(kept)) == []


EDITS = {
    "update audit set reason = 'another' where number = 5": "entry 5 is not what was logged",
    "update audit set time = time + 1 where number = 2": "entry 2 is not what was logged",
    "update audit set actor = null where number = 7": "entry 7 is not what was logged",
    "delete from audit where number = 4": "entry 4 is missing: entry 5 stands in its place",
    "delete from audit where number = 9": "was rolled back: .* 10 entries, and there are 9",
    "delete from audit": "was rolled back",
}


@pytest.mark.parametrize("sql", EDITS)
def test_whatever_is_changed_is_found_and_where(tmp_path: Path, sql: str) -> None:
    with Store(tmp_path) as store:
        note(store, 9)
        kept = store.audit_log.checkpoint()
    edit(tmp_path, sql)
    with Store(tmp_path) as store:
        problems = check(store, kept)
        assert any(found(EDITS[sql], one) for one in problems), problems


def test_a_log_that_cannot_be_gone_on_with_is_refused_in_words(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        note(store, 9)
    edit(tmp_path, "delete from audit where number = 7")
    with pytest.raises(StoreUnusable, match="has lost entry 7: .* restore a backup"):
        Store(tmp_path)


def found(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text) is not None


def test_a_log_written_anew_agrees_with_itself_and_not_with_what_was_kept(tmp_path: Path) -> None:
    kept = []
    with Store(tmp_path) as store:
        for times in (3, 4):
            note(store, times)
            kept.append(store.audit_log.checkpoint())
    # Whoever holds the home folder makes all of it again from entry 4 on, with the right key.
    edit(tmp_path, "delete from audit where number >= 4")
    with Store(tmp_path) as store:
        note(store, 5)
        assert check(store) == []
        (problem,) = check(store, *kept)
        assert "rewritten: of entries 4 to 7" in problem


def test_another_log_and_another_key_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Store(tmp_path / "a") as store, Store(tmp_path / "b") as other:
        note(store, 2)
        note(other, 2)
        (problem,) = check(store, other.audit_log.checkpoint())
        mine, theirs = store.audit_log.verifier, other.audit_log.verifier
        assert f"another log: of {theirs.name}, and this is {mine.name}" in problem
        # Signed again with another key under the same name.
        forged = Verifier(mine.name, theirs.key)
        assert "not signed with the key" in check(store, key=forged)[0]


def test_an_erased_entry_leaves_its_hash(store: Store) -> None:
    note(store, 3)
    kept = store.audit_log.checkpoint()
    store.database._write_cursor.execute(
        "update audit set reason = null, actor = null, detail = null, salt = null where number = 1"
    )
    assert check(store, kept) == []


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """An address that takes what is posted."""
    taken: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_heads_leave_to_a_file_and_an_address_once_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "limen")
    home, file = tmp_path / "home", tmp_path / "heads.txt"
    home.mkdir()
    with Store(home) as store, webhook() as (url, taken):
        heads = Heads(
            Settings.model_validate(
                {"home": home, "audit_heads_file": file, "audit_heads_url": url}
            ),
            store.audit_log,
        )
        for times in (1, 2):
            note(store, times)
            assert heads.send() and heads.send()
        assert [one.size for one in read_checkpoints(file.read_text())] == [2, 4]
        assert "".join(taken) == file.read_text() and file.stat().st_mode & 0o077 == 0
        assert check(store, file.read_text()) == []
        printed = [line.partition("\n")[2] for line in caplog.messages if "the signed head" in line]
        assert [read_kept(line)[0].size for line in printed] == [2, 4]
        assert [line.replace("    ", "") + "\n" for line in printed] == taken
        whole = "\n".join(['{"ready":true}', *(f"limen: {line}" for line in caplog.messages)])
        assert [one.size for one in read_kept(whole)] == [2, 4]


def test_a_head_that_cannot_leave_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home, folder = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    with Store(home) as store, webhook(500) as (url, taken):
        settings = {"home": home, "audit_heads_file": folder / "h", "audit_heads_url": url}
        heads = Heads(Settings.model_validate(settings), store.audit_log)
        assert not heads.send() and len(taken) == 1
        assert len([line for line in caplog.messages if "could not be sent" in line]) == 2
        folder.mkdir()
        assert not heads.send() and len(taken) == 2
        assert read_checkpoints((folder / "h").read_text())[0].size == 1
        with pytest.raises(BadInput, match="in the home folder"):
            Heads(Settings(home=home, audit_heads_file=home / "heads"), store.audit_log)


def test_the_commands_check_a_running_collector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, since = tmp_path / "home", tmp_path / "since.txt"
    home.mkdir()
    with running_collector(home) as running:
        api = ("--api", running.api)
        with running.client() as client:
            client.lookup("nobody")
        assert main(["audit", "checkpoint", *api]) == 0
        since.write_text(capsys.readouterr().out)
        assert main(["audit", "key", *api]) == 0
        key = capsys.readouterr().out
        with running.client() as client:
            client.lookup("nobody")
        words = ["audit", "verify", *api, "--since", str(since), "--key", key]
        assert main(words) == 0
        told = capsys.readouterr()
        assert "3 entries agree" in told.out and not told.err
        assert main([*words[:4], "--json"]) == 0
        told = capsys.readouterr()
        assert json.loads(told.out)["good"] and "keep heads elsewhere" in told.err
        assert main(["audit", "list", *api]) == 0
        assert capsys.readouterr().out.count("installation looked up") == 2
        since.write_text(since.read_text().replace("\n2\n", "\n  9 \n\t"))
        assert main(words[:-2]) == 1
        told = capsys.readouterr()
        assert "checkpoint in line 1 is not signed" in told.out and not told.err
        since.write_text("nothing")
        assert main(words) == 2
        assert f"--since {since}: line 1" in capsys.readouterr().err
        proof = httpx.get(f"{running.api}/api/audit/0/proof", trust_env=False).text
        assert proof.startswith("c2sp.org/tlog-proof@v1\nindex 0\n")
        shown = httpx.get(f"{running.api}/api/audit?limit=1", trust_env=False).json()
        assert shown["size"] == 3 and [one["number"] for one in shown["entries"]] == [2]
        bad = httpx.get(f"{running.api}/api/audit?from=x", trust_env=False)
        assert bad.status_code == 400 and "whole number" in bad.json()["detail"]
