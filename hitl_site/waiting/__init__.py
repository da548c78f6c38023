"""
The front: an ASGI application that lets thousands of agents wait for a decision.

A request goes to Django in one of a few threads (`threads.py`). If Django answers that
there is nothing to tell yet, the front keeps the connection and gives the thread back
(`front.py`, `long_polls.py`, `streams.py`). A listener per process (`buses.py`) hears
what was committed and tells those who wait for it (`hub.py`); then Django is asked again.
"""
