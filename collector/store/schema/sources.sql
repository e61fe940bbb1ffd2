-- The same with the key of the release.
create or replace view sources as
select s.*, coalesce(r.sort_key, '') as release_key
from named_sources s
left join releases r on r.release = s.release_said
