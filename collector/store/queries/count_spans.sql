-- How many spans are stored.
select count(*) as spans from span_facts
