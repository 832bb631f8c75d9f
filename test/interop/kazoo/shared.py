"""What every kazoo case shares: clients of the server named by argv[1], closed at the end, and a verdict on stdout.

A case is a script of its own, run by kazoo.test.ts with a deadline. It prints "ok" as its last word and exits 0, or fails
with the traceback of the first broken expectation.
"""
import faulthandler
import sys

from kazoo.client import KazooClient

DEADLINE_S = 45
WAIT_S = 15

# A case that hangs says where, before the test that started it gives up.
faulthandler.dump_traceback_later(DEADLINE_S, exit=True)

_clients = []


def host():
    return "127.0.0.1:" + sys.argv[1]


def client(timeout=10.0, **options):
    started = KazooClient(hosts=host(), timeout=timeout, **options)
    _clients.append(started)
    started.start(timeout=WAIT_S)
    return started


def expect(what, condition):
    if not condition:
        raise AssertionError(what)


def equal(what, actual, expected):
    if actual != expected:
        raise AssertionError("%s: %r, expected %r" % (what, actual, expected))


def done():
    for started in _clients:
        started.stop()
        started.close()
    print("ok")
