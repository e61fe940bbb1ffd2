-- What was declared of an app elsewhere than in the policy, as the JSON of contract/declarations.py; a
-- null release is every one. `digest` is the SHA-256 of the file.
create table declarations (
    id varchar not null,
    added bigint not null,
    app varchar not null,
    release varchar,
    digest varchar not null,
    token varchar,
    content varchar not null
)
