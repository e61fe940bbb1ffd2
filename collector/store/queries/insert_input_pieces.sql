-- Stores what is sealed of the inputs from a number on that are stored themselves.
insert into input_pieces by name
select * from fresh f
semi join (select number from inputs where number >= $first) i on i.number = f.number
