-- How many spans began in a period.
select count(*) as spans from span_facts where time >= $from and time < $to
