-- Whether anything is stored of [from, to), or of its day nothing but sums.
(select 'spans' as what from span_facts where time >= $from and time < $to limit 1)
union all
(select 'batches' from batches where received_time >= $from and received_time < $to limit 1)
union all
(select 'folded' from folded_days where day = day_of($from) limit 1)
