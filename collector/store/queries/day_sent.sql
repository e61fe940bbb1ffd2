-- What stands for what left on a day.
select
    day, app, environment, release, feature, os, told_release, told_feature, told_os
from cells
