-- The same of features under each threshold.
create table told_thresholds (
    day date not null,
    app varchar not null,
    environment varchar not null,
    threshold double not null,
    feature varchar not null,
    told_feature varchar not null
)
