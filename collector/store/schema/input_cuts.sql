-- When a feature had more inputs than are kept: of those received until then, only the ones with a
-- draw below `share` stayed.
create table input_cuts (
    time bigint not null,
    feature varchar not null,
    share double not null
)
