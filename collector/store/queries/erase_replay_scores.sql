-- Erasure: what models said of the `erased_inputs`.
delete from replay_scores where number in (select number from erased_inputs)
