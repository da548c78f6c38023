"""A company to try it on: people, a past, and an agent with four errands."""
