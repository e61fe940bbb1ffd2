-- Copies the spans of some transactions. By time: it is what questions and duplicates ask for.
insert into fresh.span_facts by name
select *
from span_facts
where commit_number > $after and commit_number <= $last
order by time
