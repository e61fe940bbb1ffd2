-- How much is stored and from when.
select
    (select count(*) from spans) as spans,
    (select count(*) from requests) as requests,
    (select count(*) from inputs) as inputs,
    (select min(time) from spans) as first_data,
    (select max(time) from spans) as last_data
