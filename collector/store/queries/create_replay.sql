-- Notes a new run.
insert into replays by name
select
    $run as run, $created as created, $feature as feature, $model as model,
    $model_digest as model_digest, $runtime as runtime, $runtime_version as runtime_version,
    $since as since, $until as until,
    $last_number as last_number, $chunk_inputs as chunk_inputs,
    $asked as asked, $source as source
