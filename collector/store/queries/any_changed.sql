-- Whether the history of consent of anybody changed.
select 1 as one from changed limit 1
