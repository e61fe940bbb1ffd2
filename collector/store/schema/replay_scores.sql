-- What the model said of each input; a failed input is a row with its reason.
create table replay_scores (
    run varchar not null,
    number bigint not null,
    predicted varchar,
    confidence double,
    scores float[],
    failure varchar
)
