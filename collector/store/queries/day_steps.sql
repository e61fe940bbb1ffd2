-- What stands for the features of a day, by how sure the model was, and its requests.
select c.day, c.app, c.environment, c.confidence_step, c.feature, c.told_feature, count(*) as n
from cells c
join cell_rows r
    on r.day = c.day and r.app = c.app and r.environment = c.environment and r.feature = c.feature
    and r.confidence_step is not distinct from c.confidence_step
group by all
