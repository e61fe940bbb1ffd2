-- Keeps the receipt of an erasure.
insert into erasures values ($receipt, $unreachable, null, $document)
