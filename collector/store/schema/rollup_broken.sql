-- Launches that lost a request since they were rolled up: rollup_runs has nothing of them.
create table rollup_broken (
    installation blob not null,
    launch blob not null
)
