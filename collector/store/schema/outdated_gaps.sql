-- Rows of rollup_gaps of launches of which rollup_runs does not know all.
create or replace view outdated_gaps as
from gaps_known('outdated_runs')
