-- The cells of a day.
select
    day, app, environment, release, feature, os, model,
    told_release, told_feature, told_os, told_model
from cells
