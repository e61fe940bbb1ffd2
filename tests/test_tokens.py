"""`limen token`, the file it keeps, and what listens beyond this machine."""

import hmac
import json
import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import limen
from collector.contract.config import DATABASE, load_settings
from collector.contract.errors import BadInput, StoreUnusable
from collector.permissions.roles import Role
from collector.permissions.tokens import Tokens, create_token, find_token, read_tokens, revoke_token
from collector.server.exposure import notes
from tests.commands import limen as command
from tests.processes import FREE
from tests.store import Store


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str) -> tuple[int, str, str]:
    code = limen.main(["token", *words, "--home", str(home)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_token_is_printed_once_listed_without_its_words_and_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "not" / "there" / "yet"
    code, words, said = run(capsys, home, "create", "--role", "ingest", "--name", "android")
    assert code == 0 and words.startswith("limen_ingest_") and len(words.strip()) == 13 + 43
    assert words.strip() not in said
    created = json.loads(run(capsys, home, "create", "--role", "lead", "--json")[1])
    assert created.keys() == {"id", "role", "name", "created", "token"}
    listed = run(capsys, home, "list")[1]
    assert "android" in listed and created["id"] in listed
    assert words.strip() not in listed and created["token"] not in listed
    assert "revoked" not in listed
    assert run(capsys, home, "revoke", created["id"])[0] == 0
    found = {token["id"]: token for token in json.loads(run(capsys, home, "list", "--json")[1])}
    assert found[created["id"]]["revoked"] and len(found) == 2
    assert not any("sha256" in token for token in found.values())
    code, _, said = run(capsys, home, "revoke", created["id"])
    assert code == 2 and "limen token list" in said


def test_the_file_is_its_owners_only_and_holds_hashes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _, words = create_token(home, Role.ADMIN, "")
    file = home / "keys" / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (home, file.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert words not in file.read_text() and words[-43:] not in file.read_text()
    kept = read_tokens(home)
    assert find_token(kept, words) == kept[0]


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    create_token(tmp_path, Role.ADMIN, "")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "limen", "token", "list", "--home", str(tmp_path)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_tokens_made_at_once_are_all_there(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as workers:
        made = list(workers.map(lambda n: create_token(tmp_path, Role.LEAD, str(n)), range(24)))
    assert {token.id for token, _ in made} == {token.id for token in read_tokens(tmp_path)}
    known = Tokens(tmp_path)
    for token, words in made:
        assert find_token(known.all(), words) == token
    revoke_token(tmp_path, made[0][0].id)
    assert find_token(known.all(), made[0][1]) is None
    assert find_token(known.all(), made[1][1]) == made[1][0]


@pytest.mark.parametrize("which", [0, 4, None])
def test_every_hash_is_compared_whichever_token_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int | None
) -> None:
    made = [create_token(tmp_path, Role.INGEST, "") for _ in range(5)]
    kept = read_tokens(tmp_path)
    compared: list[str] = []
    real = hmac.compare_digest

    def watched(mine: str, theirs: str) -> bool:
        compared.append(mine)
        return real(mine, theirs)

    monkeypatch.setattr("collector.permissions.tokens.hmac.compare_digest", watched)
    found = find_token(kept, "unknown" if which is None else made[which][1])
    assert found == (None if which is None else kept[which])
    assert compared == [token.sha256 for token in kept]


def test_a_file_deleted_after_the_first_start_does_not_open_the_doors(tmp_path: Path) -> None:
    Tokens.at(tmp_path, tmp_path / DATABASE)
    assert read_tokens(tmp_path) == ()
    (tmp_path / "keys" / "master.key").write_bytes(bytes(32))
    (tmp_path / "keys" / "tokens.json").unlink()
    with pytest.raises(StoreUnusable, match="limen token create --role admin"):
        Tokens.at(tmp_path, tmp_path / DATABASE)


def test_keys_that_are_all_lost_do_not_open_the_doors(tmp_path: Path) -> None:
    # The master key may be brought back alone.
    Store(tmp_path).__exit__()
    shutil.rmtree(tmp_path / "keys")
    with pytest.raises(StoreUnusable, match="limen token create --role admin"):
        Tokens.at(tmp_path, tmp_path / DATABASE)
    assert not (tmp_path / "keys").exists()


def test_a_home_that_cannot_be_used_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "file" / "home"
    home.parent.write_text("not a folder")
    with pytest.raises(StoreUnusable, match="must belong to the user who runs Limen"):
        Tokens.at(home, home / DATABASE)
    code, _, said = run(capsys, home, "create", "--role", "admin")
    assert code == 2 and f"{home} cannot be used: Not a directory" in said
    started = command("collector", "--home", str(home), "--http", FREE)
    assert started.returncode == 2 and started.stderr.count("\n") == 1


def test_a_damaged_file_is_not_written_over(tmp_path: Path) -> None:
    create_token(tmp_path, Role.ADMIN, "")
    file = tmp_path / "keys" / "tokens.json"
    file.write_text("{")
    with pytest.raises(StoreUnusable, match="damaged"):
        create_token(tmp_path, Role.ADMIN, "")
    assert file.read_text() == "{"


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "\x1b[2J"])
def test_a_name_that_a_list_cannot_show_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="--name"):
        create_token(tmp_path, Role.LEAD, name)


def test_a_token_in_the_settings_is_one_word_and_not_shown() -> None:
    found = load_settings({}, environment={"LIMEN_TOKEN": "limen_lead_abc\n"})
    assert found.token is not None and found.token.get_secret_value() == "limen_lead_abc"
    assert "limen_lead_abc" not in repr(found) + str(found)
    with pytest.raises(BadInput, match="LIMEN_TOKEN") as refused:
        load_settings({}, environment={"LIMEN_TOKEN": "limen_lead_abc def"})
    assert "abc" not in str(refused.value)


@pytest.mark.parametrize(
    ("flag", "made", "says"),
    [
        ("--http", (), "limen token create --role ingest --home {0}"),
        ("--grpc", (Role.LEAD, Role.ONCALL), "limen token create --role ingest --home {0}"),
        ("--api", (Role.INGEST,), "limen token create --role admin --home {0}"),
        ("--api", (Role.ADMIN,), "api_hosts"),
    ],
)
def test_a_door_beyond_this_machine_without_its_tokens_is_refused_with_the_command(
    tmp_path: Path, flag: str, made: tuple[Role, ...], says: str
) -> None:
    for role in made:
        create_token(tmp_path, role, "")
    revoke_token(tmp_path, create_token(tmp_path, Role.INGEST, "")[0].id)
    places = {"--http": FREE, "--grpc": FREE, "--api": FREE} | {flag: "0.0.0.0:0"}
    words = [word for pair in places.items() for word in pair]
    done = command("collector", "--home", str(tmp_path), *words)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert says.format(tmp_path) in done.stderr and f"{flag} 0.0.0.0:0" in done.stderr


@pytest.mark.parametrize(
    ("flags", "made", "said"),
    [
        ({}, (), ["whoever reaches this port may do everything"]),
        ({}, (Role.ADMIN,), ["whoever reaches the ingest ports may send"]),
        ({}, (Role.ADMIN, Role.INGEST), []),
        ({"http": "0.0.0.0:0"}, (Role.INGEST,), ["without TLS"]),
        ({"http": "0.0.0.0:0", "tls_certificate": "a", "tls_key": "b"}, (Role.INGEST,), []),
        (
            {"api": "192.0.2.1:0"},
            (Role.ADMIN,),
            ["whoever reaches the ingest ports may send", "without TLS"],
        ),
    ],
)
def test_what_stands_open_is_said_at_the_start(
    tmp_path: Path, flags: dict[str, object], made: tuple[Role, ...], said: list[str]
) -> None:
    tokens = tuple(create_token(tmp_path, role, "")[0] for role in made)
    found = list(notes(load_settings(flags, environment={}), tokens))
    assert len(found) == len(said)
    assert all(part in note for part, note in zip(said, found, strict=True))
