-- The highest number of a logged input.
select coalesce(max(number), -1) from inputs
