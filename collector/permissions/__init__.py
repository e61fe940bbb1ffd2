"""Who may do what: roles, routes and tokens."""
