"""Placet for agent frameworks, one module each; a framework is loaded by its module alone."""
