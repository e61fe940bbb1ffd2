-- Whose history of consent changed, up to a transaction, for as long as the connection lasts.
create temp table changed as from restated($last)
