-- Deletes what is sealed of the inputs of a feature that were not drawn.
delete from input_pieces
where number in (select number from inputs where feature = $feature and draw >= $share)
