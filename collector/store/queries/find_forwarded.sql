-- The last span that was passed on.
select commit_number, span_id, start_time from forwarding
