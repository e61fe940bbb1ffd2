-- The draw below which the `kept` inputs of a feature with the lowest lie.
select draw from inputs where feature = $feature order by draw limit 1 offset $kept
