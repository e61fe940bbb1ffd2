"""Whether anything may be taken in, and how much at once: counted from arrival to answer."""

import threading
from typing import Self

from collector.contract.errors import DiskLow, Overloaded
from collector.intake.free_space import FreeSpace
from collector.self_telemetry.health import Health

# The last eighth is for requests no larger than this: phones are heard while large bodies arrive.
_SMALL_BYTES = 2**20

STOPPING = "the collector is stopping: send again shortly"


class Admission:
    """One budget of bytes in flight for all doors, for every thread; nothing where the disk is low.

    `stop` ends it.
    """

    def __init__(self, health: Health, space: FreeSpace, *, max_in_flight_bytes: int) -> None:
        self._space, self._stopping = space, False
        self.max_in_flight_bytes = max_in_flight_bytes
        self._max_of_large = max_in_flight_bytes * 7 // 8
        self._held = 0
        self._counting = threading.Lock()
        health.watch(in_flight_bytes=lambda: self._held, free_bytes=space.left)

    @property
    def held(self) -> int:
        """Bytes in flight."""
        return self._held

    def stop(self) -> None:
        """Nothing is taken from now on."""
        self._stopping = True

    def admit(self) -> None:
        """Raises Overloaded where nothing may be taken in now."""
        if self._stopping:
            raise Overloaded(STOPPING)
        if self._space.short:
            raise DiskLow

    def obstacle(self) -> str | None:
        """Why nothing may be taken in now, in a line for the operator."""
        if self._stopping:
            return STOPPING
        if self._space.short:
            return (
                f"{self._space.left()} bytes are left on the disk of the database, and "
                f"min_free_bytes is {self._space.floor}: free some"
            )
        return None

    def hold(self) -> "Hold":
        """The share of a request that begins; nothing yet."""
        return Hold(self)

    def _expect(self, size: int, whole: int) -> None:
        most = self.max_in_flight_bytes if whole <= _SMALL_BYTES else self._max_of_large
        if self._held + size > most:
            raise Overloaded("too much is in flight here: send again shortly")

    def _take(self, size: int, whole: int) -> None:
        with self._counting:
            self._expect(size, whole)
            self._held += size

    def _give_back(self, size: int) -> None:
        with self._counting:
            self._held -= size


class Hold:
    """What one request holds of the budget; given back when its context ends."""

    __slots__ = ("_admission", "_size")

    def __init__(self, admission: Admission) -> None:
        self._admission, self._size = admission, 0

    def expect(self, size: int) -> None:
        """Raises Overloaded where `size` bytes more would not fit now."""
        self._admission._expect(size, self._size + size)

    def take(self, size: int) -> None:
        """Holds `size` bytes more. Raises Overloaded where they do not fit."""
        self._admission._take(size, self._size + size)
        self._size += size

    def give_back(self, size: int) -> None:
        """Holds `size` bytes less."""
        self._admission._give_back(size)
        self._size -= size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back(self._size)
