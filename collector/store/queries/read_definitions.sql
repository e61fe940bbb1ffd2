-- By what the views and macros of this file were made.
select defined_by()
