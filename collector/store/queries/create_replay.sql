-- Notes a new run.
insert into replays by name
select
    $run as run, $created as created, $feature as feature, $model as model,
    $model_digest as model_digest, $runtime as runtime, $runtime_version as runtime_version,
    $since as since, $until as until,
    (select coalesce(max(number), -1) from inputs) as last_number,
    $asked as asked
