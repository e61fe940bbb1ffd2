-- Another state of cells takes its place.
delete from told_state
