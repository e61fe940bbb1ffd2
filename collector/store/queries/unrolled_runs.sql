-- What rollup_runs says of the launches that it does not cover, once it covers a transaction.
from runs_anew('outdated_runs', $after, $last)
