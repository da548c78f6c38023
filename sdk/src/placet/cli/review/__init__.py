"""Review in a terminal, for people who live in one."""
