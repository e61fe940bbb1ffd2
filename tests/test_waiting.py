"""A client that hangs up ends the question that was asked for it, and no other."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from collector.contract.errors import HungUp
from collector.server.waiting import HearHangUps
from tests.store import Store

# Far longer than the time a question has.
ENDLESS = "select count(*) from range(1000000) a(x), range(1000000) b(y) where hash(x, y) = 1"
BODY: list[Message] = [
    {"type": "http.request", "body": b"{", "more_body": True},
    {"type": "http.request", "body": b"}", "more_body": False},
]
GONE: Message = {"type": "http.disconnect"}


def client(messages: list[Message]) -> Receive:
    """One that sends `messages` and then waits for ever."""
    left: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        for message in left:
            return message
        return await asyncio.Future()

    return receive


def ask(store: Store, method: str, messages: list[Message], sql: str) -> list[Message | Exception]:
    """What the handler read of a request, and what became of its question."""
    found: list[Message | Exception] = []

    async def handler(_: Scope, receive: Receive, __: Send) -> None:
        while method == "POST":
            found.append(await receive())
            if not found[-1].get("more_body"):  # type: ignore[union-attr]
                break
        try:
            await run_in_threadpool(store.database.read, sql)
        except Exception as exc:
            found.append(exc)

    async def send(_: Message) -> None: ...

    scope = {"type": "http", "method": method}
    asyncio.run(asyncio.wait_for(HearHangUps(handler)(scope, client(messages), send), 60))
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_that_hangs_up_ends_its_question(store: Store, method: str) -> None:
    body = BODY if method == "POST" else BODY[1:]
    *read, error = ask(store, method, [*body, GONE], ENDLESS)
    assert isinstance(error, HungUp)
    assert read == (BODY if method == "POST" else [])
    assert store.rows("select 1 as one") == [{"one": 1}]


def test_one_that_waits_is_answered(store: Store) -> None:
    assert ask(store, "POST", BODY, "select 1") == BODY
