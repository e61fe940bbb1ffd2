-- The transaction up to which all traces are rolled up.
insert into rollup_state values ($last, $rules)
