"""What is left on the disk of the database, looked at no more than once a second."""

import shutil
import time
from pathlib import Path

_EVERY_SECONDS = 1.0


class FreeSpace:
    """Whether less than `floor` bytes are left on the disk of `folder`."""

    def __init__(self, folder: Path, floor: int) -> None:
        self._folder, self.floor = folder, floor
        self._left = self.left()
        self._looked = time.monotonic()

    def left(self) -> int:
        """The bytes left now."""
        return shutil.disk_usage(self._folder).free

    @property
    def short(self) -> bool:
        """Whether it is below the floor, as of the last second."""
        now = time.monotonic()
        if now - self._looked > _EVERY_SECONDS:
            self._left, self._looked = self.left(), now
        return self._left < self.floor
