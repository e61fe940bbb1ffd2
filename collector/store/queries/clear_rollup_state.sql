-- Before another place takes its place.
delete from rollup_state
