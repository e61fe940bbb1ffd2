-- The installations of which inputs are stored.
select distinct installation from inputs
