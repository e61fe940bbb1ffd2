"""A simulated fleet of phones and its cloud: real models, real HTTP, real telemetry."""
