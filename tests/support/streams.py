"""A WatchToken stream as a test sees it."""

import queue
import threading

import grpc

from support.broker import pb
from support.processes import TIMEOUT


class TokenStream:
    """A WatchToken call whose messages are read as they come."""

    def __init__(self, stub, name="", metadata=()):
        self._call = stub.WatchToken(pb.WatchTokenRequest(credential=name), metadata=metadata)
        self.all = []  # what has come, errors included
        self._messages = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        try:
            for message in self._call:
                self._take(message)
            self._take(EOFError("the stream ended with OK"))
        except Exception as error:
            self._take(error)

    def _take(self, message):
        self.all.append(message)
        self._messages.put(message)

    def _next(self):
        message = self._messages.get(timeout=TIMEOUT)
        if isinstance(message, Exception) and not isinstance(message, grpc.RpcError):
            raise message
        return message

    def wait(self, wanted):
        """The next message for which `wanted` holds; an error that comes before it is raised."""
        while True:
            message = self._next()
            if isinstance(message, grpc.RpcError):
                raise message
            if wanted(message):
                return message

    def wait_token(self, other_than=None):
        return self.wait(lambda m: m.HasField("token") and m.token.version != other_than)

    def has_news(self):
        """Whether anything, an error included, has come that no wait has taken."""
        return not self._messages.empty()

    def wait_error(self):
        """The error that ends the stream, after any messages."""
        while not isinstance(message := self._next(), grpc.RpcError):
            pass
        return message
