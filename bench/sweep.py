"""What a sweep of many scores takes: every distinct threshold, in one pass, beside a bare sort.

All in one process and thread, in CPU time; the least of several rounds is shown. Ends with 1 where
it takes longer than allowed, and longer than some bare sorts of the same numbers, as a machine with
a load is slower in CPU time too.

    python -m bench.sweep [--scores N]
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np

from replay.curve import MAX_POINTS, curve
from replay.references import Judged

SCORES = 10_000_000
ROUNDS = 3
ALLOWED_SECONDS = 3.0
ALLOWED_SORTS = 5.0


def main() -> int:
    """Prints the figures. 0, or 1 where a sweep takes longer than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=SCORES)
    count: int = parser.parse_args().scores
    judged = _judged(count)
    swept = min(_seconds(lambda: curve(judged)) for _ in range(ROUNDS))
    sort = min(_seconds(lambda: np.sort(judged.confidence)) for _ in range(ROUNDS))
    found = curve(judged)
    points = found.points((0.7,))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"sweep: {count:,} scores, {len(found):,} thresholds in {swept:.2f} s of CPU time "
        f"(allowed {ALLOWED_SECONDS:.0f}), {swept / sort:.1f} bare sorts; {len(points):,} points "
        f"for a page (at most {MAX_POINTS:,}); {peak:,.0f} MiB at most\n"
    )
    return 0 if swept <= ALLOWED_SECONDS or swept <= ALLOWED_SORTS * sort else 1


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _judged(count: int) -> Judged:
    """A third of the cases with a known answer, ten of an installation, and the bytes of all."""
    random = np.random.default_rng(1)
    numbers = np.arange(count, dtype=np.uint64)
    known = random.random(count) < 1 / 3
    sent = random.random(count) < 0.2
    return Judged(
        case=numbers,
        installation=random.integers(0, count // 10 + 1, count).astype(np.uint64),
        confidence=random.random(count),
        wrong=known & (random.random(count) < 0.05),
        probability=np.where(known, 1.0, 0.0),
        offline=np.zeros(count, np.bool_),
        least_chance=1 / 6,
        bytes_sent=np.where(sent, 1_000.0, 0.0),
        bytes_if_accepted=np.zeros(count),
        bytes_if_declined=np.full(count, 1_000.0),
    )


if __name__ == "__main__":
    sys.exit(main())
