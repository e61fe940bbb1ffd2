"""What SIGHUP means: read the policy again, or the end where it says that the terminal is gone."""

import os
import signal


class HangUp:
    """Made at the start, in the main thread. Until a loop handles the signal it is ignored."""

    def __init__(self) -> None:
        # nohup starts us with the signal ignored: the terminal may go.
        asked_to_stay = signal.signal(signal.SIGHUP, signal.SIG_IGN) is signal.SIG_IGN
        self._bound = not asked_to_stay and _terminal()

    def means_end(self) -> bool:
        """Whether the terminal that this was started in is gone."""
        return self._bound and not _terminal()


def _terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
