-- Stores sealed inputs, one per span: the first stands, a resent one changes nothing.
insert into inputs by name
select * from fresh f
anti join inputs i on i.trace_id = f.trace_id and i.span_id = f.span_id
qualify row_number() over (partition by f.trace_id, f.span_id order by f.number) = 1
