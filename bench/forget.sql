-- From now on everything is found from the spans.
delete from rollup_departures;
delete from rollup_requests;
delete from rollup_phones;
delete from rollup_waits;
delete from rollup_contexts;
delete from rollup_context_waits;
delete from rollup_offline;
delete from rollup_hours;
delete from rollup_runs;
delete from rollup_gaps;
delete from rollup_sent;
delete from rollup_senders;
delete from rollup_clocks;
delete from rollup_served;
delete from told_state;
delete from told_cells;
delete from rollup_state;
