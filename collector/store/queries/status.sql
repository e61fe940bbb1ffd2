-- How much is stored and from when.
select
    (select count(*) from span_facts) as spans,
    (select count(*) from requests) as requests,
    (select count(*) from inputs) as inputs,
    (select min(time) from span_facts) as first_data,
    (select max(time) from span_facts) as last_data
