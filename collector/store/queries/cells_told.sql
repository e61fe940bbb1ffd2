-- What stands for each combination.
cells as (select distinct {raw} {told} from {placed})
