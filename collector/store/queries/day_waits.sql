-- By whom answers of a day may be told.
select distinct day, app, environment, answered_by
from cells
where timed and answered_by is not null
