-- Erasure: the sweeps of the `erased_sweeps`.
delete from sweeps where run in (select run from erased_sweeps)
