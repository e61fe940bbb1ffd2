-- Erasure: what was found of it. Of tables of their own it is known how few these are.
create temp table known_installations as from erased_installations;
create temp table traced_spans as from erased_spans
