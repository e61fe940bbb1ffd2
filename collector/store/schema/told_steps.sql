-- The same of features by how sure the model was, with how many requests there were.
create table told_steps (
    day date not null,
    app varchar not null,
    environment varchar not null,
    confidence_step integer,
    feature varchar not null,
    told_feature varchar not null,
    n bigint not null
)
