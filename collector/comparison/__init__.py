"""Two releases compared. Pure: sums and cells in, intervals, parts and words out."""
