"""Queue and LockingQueue: first in, first out; by priority; and with many consumers every entry exactly once."""
import threading

from shared import WAIT_S, client, done, equal, expect

ENTRIES = 30
CONSUMERS = 3

producer = client()

queue = producer.Queue("/queue")
equal("empty queue", queue.get(), None)
for value in (b"one", b"two", b"three"):
    queue.put(value)
queue.put(b"urgent", priority=1)
equal("length", len(queue), 4)
equal("order", [queue.get() for _ in range(5)], [b"urgent", b"one", b"two", b"three", None])

locking = producer.LockingQueue("/locking")
locking.put(b"held")
rival = client().LockingQueue("/locking")
equal("entry", locking.get(timeout=WAIT_S), b"held")
expect("the entry is held", locking.holds_lock())
equal("nothing for the rival", rival.get(timeout=0.5), None)
expect("consumed", locking.consume())

locking.put_all([b"%d" % i for i in range(ENTRIES)])
guard = threading.Lock()
taken = []


def consume():
    mine = client().LockingQueue("/locking")
    while True:
        entry = mine.get(timeout=1)
        if entry is None:
            return
        expect("a held entry is consumed", mine.consume())
        with guard:
            taken.append(int(entry))


threads = [threading.Thread(target=consume) for _ in range(CONSUMERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
equal("every entry exactly once", sorted(taken), list(range(ENTRIES)))
done()
