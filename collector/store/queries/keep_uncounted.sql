-- Requests that came after one transaction, up to another, for as long as the connection lasts.
create temp table uncounted_kept as from uncounted($after, $last)
