"""An evidence pack shows what it says, and nothing in it can be another without being found."""

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from collector.contract.compliance import Judgement
from collector.contract.errors import BadInput, NotFound
from collector.evidence.archive import (
    CHECK,
    CHECKPOINT,
    CONTENTS,
    DECLARATIONS,
    ENVELOPE,
    FINDINGS,
    FLOWS,
    KEY,
    LOG,
    MANIFEST,
    MEMBERS,
    POLICIES,
    PROOF,
    README,
    packed,
    unpacked,
)
from collector.evidence.envelope import check_envelope, sealed
from collector.evidence.make import make_pack
from collector.evidence.page import BY_HAND
from collector.evidence.statement import Facts, Question, Statement, contents_digest, digests
from collector.evidence.verify import ACTION, WHAT, verify_pack
from collector.store.compliance import Scope
from collector.tlog.checkpoint import Signer, read_checkpoints
from collector.tlog.consistency import read_proofs
from collector.tlog.entries import Entry
from collector.tlog.excerpt import Excerpt, Line, read_lines, write_lines
from collector.tlog.merkle import Frontier, consistency
from limen import main
from tests.declarations import manifest as privacy_manifest
from tests.otlp import PHONE
from tests.processes import RunningCollector
from tests.store import Store
from tests.test_audit import note
from tests.test_compliance import send

SIGNER = Signer(bytes(range(32)))
OTHER = Signer(bytes(range(1, 33)))
KEY_OF_IT = SIGNER.verifier

FACTS = Facts(
    limen="0",
    made="m",
    question=Question(since=None, until=None, app=None, environment=None, release=None),
    since="s",
    until="u",
    policy="p",
    policy_digest="d",
    flows=1,
    departures=1,
    findings=0,
    errors_standing=0,
    k=1,
    completeness=(),
)


def entry(number: int, action: str, **detail: str) -> Entry:
    return Entry(
        number=number,
        time=7,
        action=action,
        actor=None,
        reason="line\u2028and line",
        count=1,
        detail=json.dumps(detail, sort_keys=True),
        salt="00",
    )


def log(*, entries: int = 6, first: int = 3, signer: Signer = SIGNER) -> Callable[[str], Excerpt]:
    """A log of `entries`, and then the one of the pack; what is shown of it begins at `first`."""

    def end(digest: str) -> Excerpt:
        tree, before, lines = Frontier(), Frontier(), []
        for number in range(entries + 1):
            last = number == entries
            one = (
                entry(number, ACTION, what=WHAT, digest=digest) if last else entry(number, "other")
            )
            before = tree if number == first else before
            lines.append(Line(number, one.leaf(), one))
            tree, _ = tree.append(one.leaf())
        return Excerpt(before, tuple(lines[first:]), signer.sign(tree))

    return end


def small(**how: object) -> dict[str, bytes]:
    """The members of a pack with little in it."""
    files = dict.fromkeys(CONTENTS[1:], b"x")
    return unpacked(make_pack(FACTS, files, log(**how), SIGNER))  # type: ignore[arg-type]


def signed_again(members: Mapping[str, bytes], signer: Signer = SIGNER) -> bytes:
    """`members` with a manifest that fits them, signed."""
    statement = Statement.read(members[MANIFEST])
    fitting = statement.model_copy(update={"files": digests(members)})
    if signer is not SIGNER:
        log = statement.log.model_copy(update={"key": str(signer.verifier)})
        fitting = fitting.model_copy(update={"log": log})
    written = fitting.written()
    return packed({**members, MANIFEST: written, ENVELOPE: sealed(written, signer.key)})


def problems(pack: bytes, *kept: str) -> list[str]:
    heads = [head for text in kept for head in read_checkpoints(text)]
    return list(verify_pack(pack, KEY_OF_IT, heads).problems)


def test_a_pack_says_what_left_what_was_found_and_what_was_said_to_it(store: Store) -> None:
    store.declarations.add("PrivacyInfo.xcprivacy", privacy_manifest(), app="fieldnotes")
    send(store)
    send(store, {**PHONE, "service.version": "2.5.0"}, server_address="adkit.example")
    findings = store.compliance.check(Scope()).findings
    (finding,) = [one for one in findings if one.code == "UNDECLARED_HOST"]
    said = Judgement(word="accepted_risk", who="Ada", why='=HYPERLINK("x")')
    store.compliance.judge(finding.id, said, Scope(), None)
    pack = store.evidence.make(Scope(), "reviewer")
    found = verify_pack(pack, store.audit_log.verifier)
    assert found.problems == () and found.facts is not None
    members = unpacked(pack)

    flows = list(csv.DictReader(io.StringIO(members[FLOWS].decode())))
    assert found.facts.flows == len(flows)
    assert found.facts.departures == sum(int(row["transfers"]) for row in flows)
    assert {row["destination"] for row in flows} == {
        "api.example.com",
        "adkit.example",
        "telemetry",
    }
    rows = list(csv.DictReader(io.StringIO(members[FINDINGS].decode())))
    (row,) = [row for row in rows if row["id"] == finding.id]
    assert (row["code"], row["verdict_who"]) == ("UNDECLARED_HOST", "Ada")
    assert row["verdict_why"] == "'" + said.why
    check = json.loads(members[CHECK])
    assert {one["release"] for one in check["coverage"]} == {"2.4.0", "2.5.0"}
    (declared,) = json.loads(members[DECLARATIONS])
    assert declared["declaration"]["name"] == "PrivacyInfo.xcprivacy"
    (policy,) = json.loads(members[POLICIES])
    assert policy["digest"] == found.facts.policy_digest == store.policy.digest

    *before, last = members[LOG].decode().splitlines()
    assert {json.loads(line)["action"] for line in before} >= {"declaration added"}
    noted = json.loads(last)
    assert (noted["action"], noted["actor"]) == ("data exported", "reviewer")
    assert json.loads(noted["detail"])["digest"] == contents_digest(members)
    assert "What is erased later" in members[README].decode()


def test_another_period_has_only_the_log_and_policies_of_then(store: Store) -> None:
    note(store, 5)
    size = store.audit_log.size
    pack = store.evidence.make(Scope(since="2026-01-01T00:00:00Z", until="now"), None)
    assert verify_pack(pack, store.audit_log.verifier).entries == size + 1
    later = store.evidence.make(Scope(since="-0s", until="2100-01-01T00:00:00Z"), None)
    found = verify_pack(later, store.audit_log.verifier)
    assert (found.problems, found.entries) == ((), 1)
    assert len(json.loads(unpacked(later)[POLICIES])) == 1


def test_a_small_pack_is_the_same_whenever_it_is_made() -> None:
    pack = packed(small())
    assert problems(pack) == [] and pack == packed(small())
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.namelist() == list(MEMBERS)
        assert {info.date_time[:3] for info in archive.infolist()} == {(1980, 1, 1)}
        assert archive.testzip() is None


def test_no_byte_of_a_pack_can_be_another() -> None:
    pack = packed(small())
    for at in range(len(pack)):
        assert problems(pack[:at] + bytes([pack[at] ^ 1]) + pack[at + 1 :]), f"byte {at}"
    for cut in (pack[:-1], pack + b"\0", b"\0" + pack, b""):
        assert problems(cut)


def test_no_byte_of_what_is_signed_or_of_its_signature_can_be_another() -> None:
    members = small()
    manifest, envelope = members[MANIFEST], members[ENVELOPE]
    check_envelope(envelope, manifest, KEY_OF_IT.key)
    for at in range(len(envelope)):
        other = envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        with pytest.raises(BadInput):
            check_envelope(other, manifest, KEY_OF_IT.key)
    for at in range(len(manifest)):
        other = manifest[:at] + bytes([manifest[at] ^ 1]) + manifest[at + 1 :]
        with pytest.raises(BadInput, match="what is signed is not the manifest"):
            check_envelope(envelope, other, KEY_OF_IT.key)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_with_another_content_is_named(name: str) -> None:
    members = small()
    said = problems(packed({**members, name: members[name] + b" "}))
    assert any(one.startswith(f"{name}: ") for one in said), said


def rebuilt(members: Mapping[str, bytes], *names: str, compress: int = 0) -> bytes:
    """A zip file of these names, whatever they are; of `members` where it has them."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compress) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0))
            archive.writestr(info, members.get(name, b"x"), compress)
    return sink.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("../../etc/passwd", *MEMBERS), r"no member '\.\./\.\./etc/passwd'"),
        (("/etc/passwd", *MEMBERS), "no member '/etc/passwd'"),
        ((*MEMBERS, "more.txt"), "no member 'more.txt'"),
        (MEMBERS[:-1], f"{ENVELOPE} is missing"),
        ((README.lower(), *MEMBERS[1:]), "no member 'readme.txt'"),
        ((*MEMBERS, FLOWS), f"{FLOWS} is in it twice"),
        ((MEMBERS[1], MEMBERS[0], *MEMBERS[2:]), "another order"),
        (MEMBERS, "byte 12 is not"),
    ],
)
def test_other_members_are_refused_by_their_names(names: tuple[str, ...], said: str) -> None:
    # The last are the right ones, with another time.
    (problem,) = problems(rebuilt(small(), *names))
    assert re.search(said, problem), problem


def test_a_compressed_pack_is_refused() -> None:
    (problem,) = problems(rebuilt(small(), *MEMBERS, compress=zipfile.ZIP_DEFLATED))
    assert "compressed" in problem
    assert "no zip file" in problems(b"not a zip")[0]


def test_a_pack_that_was_signed_again_is_of_another_key() -> None:
    forged = signed_again(small(signer=OTHER) | {KEY: OTHER.verifier.pem.encode()}, OTHER)
    assert verify_pack(forged, OTHER.verifier).problems == ()
    (problem,) = problems(forged)
    assert OTHER.verifier.name in problem and KEY_OF_IT.name in problem
    # With the name of the right key, and the signature of another.
    members = small()
    lie = packed({**members, ENVELOPE: sealed(members[MANIFEST], OTHER.key)})
    assert problems(lie) == [f"{ENVELOPE}: it is not signed with the key of the pack's log"]
    twice = json.loads(members[ENVELOPE])
    twice["signatures"] += json.loads(sealed(members[MANIFEST], OTHER.key))["signatures"]
    both = json.dumps(twice, sort_keys=True, separators=(",", ":")).encode()
    assert "form that an envelope" in problems(packed({**members, ENVELOPE: both}))[0]


def changed(members: Mapping[str, bytes], change: str) -> dict[str, bytes]:
    """The same with another log, which whoever holds the key signs again."""
    lines = members[LOG].decode().split("\n")[:-1]
    other = Frontier()
    for number in range(7):
        other, _ = other.append(entry(number, "elsewhere").leaf())
    match change:
        case "an entry that was changed":
            return {**members, LOG: members[LOG].replace(b'"other"', b'"never"', 1)}
        case "an entry that is missing":
            return {**members, LOG: "\n".join([lines[0], *lines[2:], ""]).encode()}
        case "an end that was cut off":
            return {**members, LOG: "\n".join([*lines[:-1], ""]).encode()}
        case "a head of another log":
            return {**members, CHECKPOINT: OTHER.sign(other).encode()}
        case "another head of the log":
            return {**members, CHECKPOINT: SIGNER.sign(other).encode()}
        case "an older head of the log":
            return {**members, CHECKPOINT: SIGNER.sign(Frontier()).encode()}
        case "another file than was logged":
            return {**members, FLOWS: b"y"}
        case "a proof of something else":
            return {**members, PROOF: members[PROOF].replace(b"index 6", b"index 5")}
        case _:
            return {**members, LOG: b'{"leaf":"00"}\n'}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("an entry that was changed", f"{LOG}: the log was rewritten"),
        ("an entry that is missing", f"{LOG}: entry 4 is missing: entry 5 stands in its place"),
        ("an end that was cut off", f"{LOG}: the log was rolled back"),
        ("a head of another log", f"{LOG}: the log's own head is of another log"),
        ("another head of the log", f"{LOG}: the log was rewritten"),
        ("an older head of the log", f"{CHECKPOINT}: it is of 0 entries, and {LOG} ends at 7"),
        ("another file than was logged", f"{LOG}: entry 6 is of the export of something else"),
        ("a proof of something else", f"{PROOF}: it does not prove entry 6"),
        ("no log", f"{LOG}: line 1 is no entry of a log"),
    ],
)
def test_a_log_that_does_not_fit_is_found_though_all_is_signed(change: str, said: str) -> None:
    found = problems(signed_again(changed(small(), change)))
    assert any(one.startswith(said) for one in found), found


def test_heads_that_were_kept_show_a_log_that_was_written_anew_or_rolled_back() -> None:
    pack = packed(small())
    tree, heads = Frontier(), []
    for number in range(9):
        tree, _ = tree.append(entry(number, "other").leaf())
        heads.append(SIGNER.sign(tree))
    assert problems(pack, *heads[2:6]) == []
    (problem,) = problems(pack, heads[8])
    assert "rolled back: the checkpoint in line 1 is of 9 entries, and there are 7" in problem
    anew, _ = Frontier().append(entry(0, "elsewhere").leaf())
    for number in range(1, 5):
        anew, _ = anew.append(entry(number, "other").leaf())
    assert "rewritten" in problems(pack, SIGNER.sign(anew))[0]
    assert "another log" in problems(pack, OTHER.sign(anew))[0]


def proved(members: Mapping[str, bytes], old: int, new: int) -> str:
    """What shows that the log goes on from one size to another, as the collector answers it."""
    leaves = [entry(number, "other").leaf() for number in range(9)]
    leaves[6] = tuple(read_lines(members[LOG], 3))[-1].leaf
    hashes = []
    for low, high in consistency(old, new):
        tree = Frontier()
        for leaf in leaves[low:high]:
            tree, _ = tree.append(leaf)
        hashes.append(b64encode(tree.root).decode())
    return json.dumps({"from": old, "to": new, "proof": hashes})


def test_heads_older_and_newer_than_its_part_of_the_log_are_tied_to_a_pack_by_proofs() -> None:
    members, tree, heads = small(), Frontier(), [SIGNER.sign(Frontier())]
    pack = packed(members)
    for number in range(8):
        last = tuple(read_lines(members[LOG], 3))[-1].leaf
        tree, _ = tree.append(last if number == 6 else entry(number, "other").leaf())
        heads.append(SIGNER.sign(tree))

    def verified(head: str, *lines: str) -> tuple[tuple[str, ...], int]:
        found = verify_pack(pack, KEY_OF_IT, read_checkpoints(head), read_proofs("\n".join(lines)))
        return found.problems, found.older

    assert verified(heads[0]) == ((), 0)
    assert verified(heads[1]) == verified(heads[2]) == ((), 1)
    assert verified(heads[2], proved(members, 2, 7)) == ((), 0)
    # Of after it was made: it goes on to that, where a proof says so.
    assert "rolled back" in verified(heads[8])[0][0]
    assert verified(heads[8], proved(members, 7, 8)) == ((), 0)
    anew, _ = Frontier().append(entry(0, "elsewhere").leaf())
    (problem,), _ = verified(SIGNER.sign(anew), proved(members, 1, 7))
    assert "rewritten" in problem and "line 1" in problem
    assert "of another log" in verified(OTHER.sign(anew))[0][0]
    forged = SIGNER.sign(anew).replace(heads[1].split("\n")[2], "")[:-8] + "AAAAAA=\n"
    assert "is not signed" in verified(forged)[0][0]
    for wrong in ("{", '{"from": 1, "to": 7, "proof": ["AAAA"]}', "[]"):
        with pytest.raises(BadInput, match="line 2: no proof"):
            read_proofs("\n" + wrong)


def test_an_erased_entry_of_the_log_leaves_its_hash() -> None:
    def end(digest: str) -> Excerpt:
        whole = log()(digest)
        first, *rest = whole.lines
        return Excerpt(
            whole.before, (Line(first.number, first.leaf, None), *rest), whole.checkpoint
        )

    pack = make_pack(FACTS, dict.fromkeys(CONTENTS[1:], b"x"), end, SIGNER)
    assert problems(pack) == []
    assert len(json.loads(unpacked(pack)[LOG].split(b"\n")[0])) == 1
    assert write_lines(()) == b""


@pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("sha256sum")), reason="no openssl or sha256sum"
)
def test_the_page_says_how_to_check_it_with_other_tools(tmp_path: Path) -> None:
    def by_hand(pack: bytes) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / sha256(pack).hexdigest()[:8]
        with zipfile.ZipFile(io.BytesIO(pack)) as archive:
            archive.extractall(folder)
        assert BY_HAND.splitlines()[0] in (folder / README).read_text()
        script = "set -e\n" + BY_HAND.replace("/tmp/", f"{tmp_path}/")
        return subprocess.run(
            ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
        )

    members = small()
    good = by_hand(packed(members))
    assert good.returncode == 0 and "Signature Verified Successfully" in good.stdout, good
    assert all(f"{name}: OK" in good.stdout for name in MEMBERS[:-2])
    assert by_hand(packed({**members, FLOWS: b"y"})).returncode
    forged = packed({**members, ENVELOPE: sealed(members[MANIFEST], OTHER.key)})
    assert by_hand(forged).returncode


def test_what_asks_for_something_else_is_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="nothing of that release"):
        store.evidence.make(Scope(release="9.9.9"), None)


def test_a_pack_is_made_and_checked_by_command(
    collector: RunningCollector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api, file = ["--api", collector.api], tmp_path / "evidence.zip"

    def limen(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    _, heads, _ = limen("audit", "checkpoint", *api)
    _, pem, _ = limen("audit", "key", "--pem", *api)
    kept, key = tmp_path / "heads.txt", tmp_path / "key.pem"
    kept.write_text(heads)
    key.write_text(pem)
    code, said, _ = limen("evidence", "--from", "-90d", "--out", str(file), *api)
    assert (code, file.stat().st_mode & 0o777) == (0, 0o600) and str(file) in said
    # It is there now.
    assert limen("evidence", "--out", str(file), *api)[0] == 2
    assert limen("evidence", *api)[0] == 2

    code, said, told = limen("evidence", "verify", str(file))
    assert code == 1 and "limen-audit/" in told
    whole = ("evidence", "verify", str(file), "--key", str(key), "--since", str(kept))
    code, said, told = limen(*whole)
    assert (code, told) == (0, "") and "every file is what was signed" in said
    code, said, _ = limen(*whole, "--json")
    answer = json.loads(said)
    assert answer["good"] and answer["facts"]["question"]["since"] == "-90d"
    later = tmp_path / "later.txt"
    later.write_text(limen("audit", "checkpoint", *api)[1])
    assert limen("record", "article30", *api)[0] == 0
    code, proofs, _ = limen("audit", "consistency", "--since", str(later), *api)
    assert code == 0 and json.loads(proofs)["from"] == json.loads(proofs)["to"] - 1
    (tmp_path / "proofs.jsonl").write_text(proofs)
    assert limen(*whole, "--proofs", str(tmp_path / "proofs.jsonl"))[0] == 0
    code, _, told = limen(*whole, "--proofs", str(kept))
    assert code == 2 and "line 1: no proof" in told
    file.write_bytes(file.read_bytes()[:-1])
    code, said, _ = limen(*whole)
    assert code == 1 and said.startswith("the file: ")
    # What fails needs no word on what would show more.
    assert limen("evidence", "verify", str(file))[1:] == (said, "")
    assert limen("evidence", "verify", str(tmp_path / "none.zip"))[0] == 2
