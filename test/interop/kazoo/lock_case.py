"""Lock: excludes, queues its contenders, passes on when the holder leaves or its session is closed."""
import threading

from kazoo.exceptions import LockTimeout

from shared import WAIT_S, client, done, equal, expect

HOLDERS = 4
ROUNDS = 10

first, second = client(), client()

lock = first.Lock("/lock", "first")
rival = second.Lock("/lock", "second")
expect("the free lock is acquired", lock.acquire(timeout=WAIT_S))
try:
    rival.acquire(timeout=0.5)
    raise AssertionError("two holders of one lock")
except LockTimeout:
    pass
expect("a non-blocking attempt is refused", not rival.acquire(blocking=False))

# A contender that waits in its own thread gets the lock when the holder's session goes away.
got = threading.Event()
waiter = threading.Thread(target=lambda: rival.acquire(timeout=WAIT_S) and got.set())
waiter.start()
while len(lock.contenders()) < 2:
    pass
equal("contenders, holder first", lock.contenders(), ["first", "second"])
expect("the contender waits", not got.is_set())
first.stop()
expect("the contender inherits the lock of a closed session", got.wait(WAIT_S))
waiter.join()
rival.release()

# Read, add one, write: only a real lock makes the sum right.
second.create("/sum", b"0")


def add():
    mine = client()
    for _ in range(ROUNDS):
        with mine.Lock("/sum-lock"):
            value, _ = mine.get("/sum")
            mine.set("/sum", b"%d" % (int(value) + 1))


threads = [threading.Thread(target=add) for _ in range(HOLDERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
equal("sum under the lock", second.get("/sum")[0], b"%d" % (HOLDERS * ROUNDS))
done()
