"""The command `placet`; not imported by the library."""
