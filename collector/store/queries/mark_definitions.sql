-- By what the views and macros of this file were made.
create or replace macro defined_by() as '{digest}'
