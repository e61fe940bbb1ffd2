-- What stands for the features of a day, by threshold.
select day, app, environment, threshold, feature, told_feature
from cells
where threshold is not null
