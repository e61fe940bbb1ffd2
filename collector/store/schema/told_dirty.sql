-- Days that lost spans since their cells were made.
create table told_dirty (
    day date not null
)
