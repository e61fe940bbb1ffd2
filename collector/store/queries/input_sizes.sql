-- The sizes in bytes of the inputs of a run, by number.
select number, size from run_inputs($feature, $last_number, $since, $until)
