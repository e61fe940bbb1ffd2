-- Installations whose history of consent lost an entry since their departures were rolled up.
create table rollup_restated (
    installation blob not null
)
