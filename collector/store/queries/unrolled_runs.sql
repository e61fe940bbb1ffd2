-- What rollup_runs says of the launches that it does not cover, once it covers a transaction.
select * from runs_anew($after, $last)
