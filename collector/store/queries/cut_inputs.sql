-- Deletes the inputs of a feature that were not drawn.
delete from inputs where feature = $feature and draw >= $share
