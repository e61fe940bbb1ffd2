-- Between which times what departed is to be found anew; null where there is none.
select min(earliest) as first, max(latest) as last from rollup_dirty
