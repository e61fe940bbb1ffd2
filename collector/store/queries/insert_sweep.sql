-- Keeps a sweep.
insert into sweeps values ($run, $reference, $created, $document)
