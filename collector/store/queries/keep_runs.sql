-- The gaps of launches that are not rolled up, for as long as the connection lasts.
create temp table runs_kept as
from runs_anew((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
where lost > 0 or repeated > 0
