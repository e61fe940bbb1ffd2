"""Compacts a store while spans arrive, and is killed at a line of the machinery.

    python -m tests.durability.compacting HOME [LINE]

LINE is `file:function:number`. Without it every line that was run is printed. The span ids that
were acknowledged stand in HOME/acknowledged, one a line.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from collector.store.maintenance import Maintenance
from tests.otlp import request_span, traces
from tests.store import Store

MACHINERY = ("copying.py", "compaction.py", "database.py", "beside.py", "opening.py")


def main() -> None:
    home, line = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    seen: dict[str, None] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        name = Path(frame.f_code.co_filename).name
        if name not in MACHINERY or "store" not in frame.f_code.co_filename:
            return None
        if event == "line":
            here = f"{name}:{frame.f_code.co_name}:{frame.f_lineno}"
            if here == line:
                os.kill(os.getpid(), signal.SIGKILL)
            seen[here] = None
        return trace

    stop = threading.Event()
    with Store(home) as store, (home / "acknowledged").open("a", buffering=1) as acknowledged:

        def write() -> None:
            while not stop.is_set():
                span = request_span()
                store.take(traces(span))
                acknowledged.write(span.span_id.hex() + "\n")

        writing = threading.Thread(target=write)
        writing.start()
        try:
            maintenance = Maintenance(store.database, store.policy, store.health)
            sys.settrace(trace)
            maintenance.compact(time.time_ns())
            sys.settrace(None)
        finally:
            stop.set()
            writing.join()
    if line is None:
        sys.stdout.write("\n".join(seen) + "\n")


if __name__ == "__main__":
    main()
