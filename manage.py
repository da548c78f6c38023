#!/usr/bin/env python
"""The same as the installed `placet-server`, from a clone."""

from hitl_site.command_line import main

if __name__ == "__main__":
    main()
