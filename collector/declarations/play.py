"""Google Play's Data safety form as the CSV that the Play Console exports and imports.

https://support.google.com/googleplay/android-developer/answer/10787469
A row is known by its question and response; labels are in the language of whoever exported it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from collector.contract.declarations import Declaration, DeclaredType, Problem, Rows
from collector.contract.errors import BadInput
from collector.contract.findings import DISAGREE, UNKNOWN_VALUE
from collector.contract.nearest import nearest
from collector.contract.processing import Proposal, ProposedType
from collector.contract.vocabulary import categories_of, vocabulary
from collector.declarations.words import refuse_many, shown

# The second is called one way or the other.
_COLUMNS = (
    ("Question ID (machine readable)",),
    ("Response ID (machine readable)", "Response (machine readable)"),
    ("Response value",),
    ("Answer requirement",),
    ("Human-friendly question label",),
)
_USAGE = "PSL_DATA_USAGE_RESPONSES"
_HOW = "PSL_DATA_USAGE_COLLECTION_AND_SHARING"
_COLLECTED, _SHARED = "PSL_DATA_USAGE_ONLY_COLLECTED", "PSL_DATA_USAGE_ONLY_SHARED"
_EPHEMERAL, _CONTROL = "PSL_DATA_USAGE_EPHEMERAL", "DATA_USAGE_USER_CONTROL"
_OPTIONAL, _REQUIRED = (f"PSL_DATA_USAGE_USER_CONTROL_{word}" for word in ("OPTIONAL", "REQUIRED"))
_PURPOSES, _SHARING = "DATA_USAGE_COLLECTION_PURPOSE", "DATA_USAGE_SHARING_PURPOSE"
_COLLECTS = "PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA"
_ENCRYPTED = "PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT"
_DELETION, _DELETION_URL = "PSL_SUPPORT_DATA_DELETION_BY_USER", "PSL_DATA_DELETION_URL"
_DELETION_YES = "DATA_DELETION_YES"
# Questions that are answered in words.
_WORDS = frozenset(
    (
        "PSL_ACM_SPECIFY", "PSL_ACCOUNT_DELETION_URL", _DELETION_URL,
        "PSL_OUTSIDE_APP_ACCOUNT_TYPE_SPECIFY",
    )
)  # fmt: skip
_FLAGS = {"true": True, "false": False, "": None}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    """`flag` None: nothing was answered, or words were (`text`)."""

    line: int
    flag: bool | None
    text: str


def read_data_safety(name: str, content: bytes) -> Declaration:
    """One export. Raises BadInput with the line that is wrong and what is wrong there."""
    answers: dict[Key, _Answer] = {}
    problems: list[Problem] = []
    total = unknown = unanswered = 0
    for line, (question, response, value) in _rows(name, content):
        total += 1
        refuse_many(name, problems)
        where = f"line {line}"
        if response not in _known().get(question, ()):
            unknown += 1
            problems.append(_unknown(where, question, response))
            continue
        flag = None if question in _WORDS else _FLAGS.get(value.lower())
        if question not in _WORDS and value.lower() not in _FLAGS:
            unknown += 1
            said = f"{shown(value)} answers {shown(question)}: it is true, false or empty"
            problems.append(Problem(code=UNKNOWN_VALUE, where=where, what=said))
            continue
        unanswered += not value
        before = answers.setdefault((question, response), _Answer(line, flag, value))
        if (before.flag, before.text.lower()) != (flag, value.lower()):
            said = f"line {before.line} answers the same question otherwise"
            problems.append(Problem(code=DISAGREE, where=where, what=said))
    types = tuple(_types(answers))
    problems += _contradictions(answers, types)
    return Declaration(
        kind="play",
        name=name,
        rows=Rows(answered=total - unanswered - unknown, unanswered=unanswered, unknown=unknown),
        types=types,
        collects=_flag(answers, _COLLECTS),
        encrypted=_flag(answers, _ENCRYPTED),
        problems=tuple(problems),
    )


def _rows(name: str, content: bytes) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """Line, question, response and value of each row."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise BadInput(f"{name}: line {line} is not UTF-8: export the file again") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_header(name, next(reader, []))
        last = reader.line_num
        for row in reader:
            line, last = last + 1, reader.line_num
            if not row:
                continue
            if len(row) != len(_COLUMNS):
                raise BadInput(f"{name}: line {line} has {len(row)} columns, not {len(_COLUMNS)}")
            yield line, (row[0].strip(), row[1].strip(), row[2].strip())
    except csv.Error as exc:
        raise BadInput(f"{name}: line {reader.line_num} is not CSV: {exc}") from None


def _check_header(name: str, header: list[str]) -> None:
    for number, allowed in enumerate(_COLUMNS):
        said = header[number].strip() if number < len(header) else ""
        if said not in allowed:
            raise BadInput(
                f"{name}: column {number + 1} is {shown(said) or 'missing'}, not {allowed[0]}: "
                "export the file from the Play Console, under App content, Data safety"
            )
    if len(header) > len(_COLUMNS):
        raise BadInput(f"{name}: there are {len(header)} columns, not {len(_COLUMNS)}")


@cache
def _known() -> Mapping[str, tuple[str, ...]]:
    """The responses to each question; of one without any the empty one."""
    found = vocabulary()
    questions = {**found["play_general"], **found["play_older"], **found["play_types"]}
    for type_ in _all_types():
        for suffix, responses in found["play_usage"].items():
            questions[_usage(type_, suffix)] = responses
    return {question: tuple(responses) or ("",) for question, responses in questions.items()}


def _all_types() -> list[str]:
    return [one for types in vocabulary()["play_types"].values() for one in types]


def _usage(type_: str, suffix: str) -> str:
    return f"{_USAGE}:{type_}:{suffix}"


def _types(answers: Mapping[Key, _Answer]) -> Iterator[DeclaredType]:
    """The types that are ticked, or of which something is answered."""
    usage = vocabulary()["play_usage"]
    for group, types in vocabulary()["play_types"].items():
        for type_ in types:
            if not (_flag(answers, group, type_) or _used(answers, type_)):
                continue
            optional = _flag(answers, _usage(type_, _CONTROL), _OPTIONAL)
            required = _flag(answers, _usage(type_, _CONTROL), _REQUIRED)
            yield DeclaredType(
                type=type_,
                categories=categories_of("play", type_),
                collected=bool(_flag(answers, _usage(type_, _HOW), _COLLECTED)),
                shared=bool(_flag(answers, _usage(type_, _HOW), _SHARED)),
                ephemeral=_flag(answers, _usage(type_, _EPHEMERAL)),
                optional=True if optional else False if required else None,
                purposes=tuple(
                    p for p in usage[_PURPOSES] if _flag(answers, _usage(type_, _PURPOSES), p)
                ),
                sharing_purposes=tuple(
                    p for p in usage[_SHARING] if _flag(answers, _usage(type_, _SHARING), p)
                ),
            )


def _contradictions(
    answers: Mapping[Key, _Answer], types: tuple[DeclaredType, ...]
) -> Iterator[Problem]:
    """What the form itself says both of."""
    groups = {one: group for group, some in vocabulary()["play_types"].items() for one in some}
    for one in types:
        ticked = _flag(answers, groups[one.type], one.type)
        control = [_flag(answers, _usage(one.type, _CONTROL), r) for r in (_OPTIONAL, _REQUIRED)]
        for holds, said in (
            (not ticked, "its use is answered, and it is not ticked"),
            (
                bool(ticked) and not (one.collected or one.shared),
                "it is ticked, and neither collected nor shared",
            ),
            (
                bool(one.sharing_purposes) and not one.shared,
                "why it is shared is answered, and it is not shared",
            ),
            (all(control), "users may choose, and may not"),
        ):
            if holds:
                yield Problem(code=DISAGREE, where=one.type, what=said)
    if _flag(answers, _COLLECTS) is False and any(one.collected or one.shared for one in types):
        said = "no data is collected or shared, and types of data are answered"
        yield Problem(code=DISAGREE, where=_COLLECTS, what=said)
    url = answers.get((_DELETION_URL, ""))
    if _flag(answers, _DELETION, _DELETION_YES) and url is not None and not url.text:
        said = "users may have their data deleted, and no address for it is given"
        yield Problem(code=DISAGREE, where=_DELETION_URL, what=said)


def _used(answers: Mapping[Key, _Answer], type_: str) -> bool:
    return any(
        _flag(answers, _usage(type_, suffix), response)
        for suffix, responses in vocabulary()["play_usage"].items()
        for response in responses or ("",)
    )


def _flag(answers: Mapping[Key, _Answer], question: str, response: str = "") -> bool | None:
    found = answers.get((question, response))
    return found.flag if found else None


def _unknown(where: str, question: str, response: str) -> Problem:
    known = _known()
    if question in known:
        meant = nearest(response, known[question], "it declares nothing")
        said = f"{shown(question)} has no response {shown(response) or '(none)'}: {meant}"
    else:
        said = f"the form has no {shown(question)}: {nearest(question, known, 'it says nothing')}"
    return Problem(code=UNKNOWN_VALUE, where=where, what=said)


def write_data_safety(proposal: Proposal) -> str:
    """The rows that a proposal answers, to be put into an export; why stands where labels do."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow([names[0] for names in _COLUMNS])
    writer.writerow([_COLLECTS, "", str(bool(proposal.types)).lower(), "REQUIRED", ""])
    if proposal.in_clear:
        why = "data was seen to leave unencrypted"
        writer.writerow([_ENCRYPTED, "", "false", "MAYBE_REQUIRED", why])
    for one in proposal.types:
        why = "; ".join(one.because)
        for question, response, requirement in _answered(one):
            writer.writerow([question, response, "true", requirement, why])
        if one.ephemeral is not None:
            question, value = f"{_USAGE}:{one.type}:{_EPHEMERAL}", str(one.ephemeral).lower()
            writer.writerow([question, "", value, "MAYBE_REQUIRED", why])
    return sink.getvalue()


def _answered(one: ProposedType) -> Iterator[tuple[str, str, str]]:
    groups: Mapping[str, list[str]] = vocabulary()["play_types"]
    group = next(group for group, types in groups.items() if one.type in types)
    yield group, one.type, "MULTIPLE_CHOICE"
    usage = f"{_USAGE}:{one.type}"
    for response, holds in ((_COLLECTED, one.collected), (_SHARED, one.shared)):
        if holds:
            yield f"{usage}:{_HOW}", response, "MULTIPLE_CHOICE"
    if one.optional is not None:
        control = _OPTIONAL if one.optional else _REQUIRED
        yield f"{usage}:{_CONTROL}", control, "SINGLE_CHOICE"
    for question, purposes in ((_PURPOSES, one.purposes), (_SHARING, one.sharing_purposes)):
        for purpose in purposes:
            yield f"{usage}:{question}", purpose, "MULTIPLE_CHOICE"
