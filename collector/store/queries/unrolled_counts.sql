-- What of these rollup_{table} is to count.
from summed_{table}('uncounted_kept', 1)
