-- Keeps which span was passed on last.
insert into forwarding
values ($commit_number, $span_id, $start_time)
