-- Who sent a span, with the key of the release.
create or replace view sources as
select s.* exclude (digest), coalesce(r.sort_key, '') as release_key
from span_sources s
left join releases r on r.release = s.release
