-- The launches that got a request after one transaction, up to another, for as long as the connection
-- lasts: that they are few is then known when what rollup_runs has of them is looked for.
create temp table touched as from launches($after, $last)
