-- Of rollup_served goes what calls say, up to a transaction, that no phone of the sample made.
delete from rollup_served
where call in (
    select call_of(f.trace_id, f.span_id)
    from span_facts f
    join span_contexts c on c.number = f.context
    where f.commit_number > $after and f.commit_number <= $last and c.kind = 'CLIENT'
        and (f.installation is null or f.installation >= drawn_before())
)
