"""Threads whose failures reach the test."""

import threading


class CheckedThread(threading.Thread):
    """A thread whose join() raises what `target` raised. threading.Thread prints it and goes on."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self._function = target
        self._error = None

    def run(self):
        try:
            self._function()
        except BaseException as error:
            self._error = error

    def join(self, timeout=None):
        super().join(timeout)
        if self._error is not None:
            raise self._error
