"""How the bundled models are made, and the data they are made from."""
