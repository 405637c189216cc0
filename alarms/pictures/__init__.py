"""What the pictures of backtests, simulations and drills have in common: axes, styles of lines, states over time."""
