-- Every release seen.
select release from releases
