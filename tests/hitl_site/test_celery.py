"""Whoever sends a task sends it through our broker."""

from concurrent.futures import ThreadPoolExecutor

from celery import current_app


class TestTheCurrentApp:
    def test_is_ours_in_every_thread_of_a_process_that_only_set_up_django(self):
        with ThreadPoolExecutor(1) as pool:
            name = pool.submit(lambda: current_app.main).result()

        assert name == "placet"
