-- Erasure: what was kept for it.
drop table known_installations;
drop table traced_spans;
drop table erased_sweeps
