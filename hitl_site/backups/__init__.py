"""Whole copies: what `backup` takes and `restore` puts back."""
