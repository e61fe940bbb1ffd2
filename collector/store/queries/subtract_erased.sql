-- Erasure: what rollup_{table} loses with requests that are about to be deleted.
from summed_{table}('erased_requests', -1)
