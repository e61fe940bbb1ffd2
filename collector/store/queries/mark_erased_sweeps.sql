-- Erasure: that the sweeps of a run are gone, and since when; not whose.
update replays set sweeps_erased = $at where run in (select run from erased_sweeps)
