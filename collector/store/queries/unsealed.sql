-- What there is besides sums: spans that came since they were made, traces that lost some,
-- consent that changed since, days that were folded.
(select 'spans' as what from span_facts where commit_number > (select coalesce(max(commit_number), -1) from rollup_state) limit 1)
union all
(select 'traces' from rollup_dirty limit 1)
union all
(select 'consents' from consents where commit_number > (select coalesce(max(commit_number), -1) from rollup_state) limit 1)
union all
(select 'consents' from rollup_restated limit 1)
union all
(select 'folded' from folded_days limit 1)
