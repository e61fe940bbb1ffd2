-- What is sealed of some inputs, piece by piece.
select p.number, p.sealed
from input_pieces p
semi join (select unnest(cast($only as bigint[])) as number) o on o.number = p.number
where p.number between $first and $last
order by p.number, p.piece
