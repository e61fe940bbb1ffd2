-- The cells of a day, by countries and device models too.
select
    day, app, environment, release, feature, os, model, country, device_model,
    told_release, told_feature, told_os, told_model, told_country, told_device_model
from cells
