-- Erasure: what was kept for it.
drop table known_traces;
drop table known_installations;
drop table places;
drop table traced_spans;
drop table erased_requests;
drop table erased_sweeps
