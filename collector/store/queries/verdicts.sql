-- What was said last of each finding.
select * from verdicts
qualify row_number() over (partition by finding order by time desc) = 1
