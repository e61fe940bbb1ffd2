-- When the day of a time (ns) began, which a period that ends then cuts.
create or replace macro midnight(time) as time - time % 86400000000000
