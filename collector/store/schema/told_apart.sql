-- About how many different values the sketches of a group show, by linear counting (Whang 1990) over their 60
-- bits: no more than there are `occurrences`, which the estimate alone can be above.
create or replace macro told_apart(sketch, occurrences) as
    cast(
        least(
            round(-60 * ln(greatest(60 - bit_count(bit_or(sketch)), 1) / 60.0)), occurrences
        ) as bigint
    )
