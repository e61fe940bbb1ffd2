-- Each coming into force of a policy, under the conventions of a release of Limen; both null where
-- a file of before only named its version. `digest` is the SHA-256 of `content`, JSON.
create table policies (
    time bigint not null,
    version varchar not null,
    digest varchar,
    content varchar,
    limen varchar
)
