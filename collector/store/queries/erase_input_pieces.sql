-- Erasure: what is sealed of logged inputs.
delete from input_pieces
where number in (
    select number from inputs
    where installation in (select installation from erased_installations)
)
