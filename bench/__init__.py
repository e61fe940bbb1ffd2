"""What Limen costs, printed as ratios: `python -m bench.replay` and so on."""
