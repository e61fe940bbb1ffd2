-- Numbers that did not come of the requests in cells, and those that came again.
merged_gaps as (
    select
        * exclude (launch, sequence, step),
        case when step > 1 then step - 1 else 0 end as lost,
        case when step = 0 then 1 else 0 end as repeated
    from (
        select
            *,
            sequence - lag(sequence) over (
                partition by installation, launch order by sequence, commit_number, span_id
            ) as step
        from requests
        where numbered = 1
    ) s
)
