-- Days that folded_requests has: `all_gone` says that everything of them is past what the policy keeps,
-- rather than what some feature keeps shorter; no cell is of fewer than `least` installations.
create table folded_days (
    day date not null,
    all_gone boolean not null,
    least integer not null
)
