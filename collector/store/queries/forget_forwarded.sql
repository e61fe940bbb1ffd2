-- Forgets which span was passed on last.
delete from forwarding
