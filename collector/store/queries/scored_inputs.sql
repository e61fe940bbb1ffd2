-- The inputs that `fresh` has scores of, of those that are stored.
select number from inputs where number in (select "case" from fresh)
