-- The step below which installations are in the sample from now on.
update rollup_state set drawn = $drawn
