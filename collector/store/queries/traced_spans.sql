-- Erasure: what is kept of spans.
from traced_spans
