"""DataWatch: sees creation, every change that it waits for, deletion and re-creation, and survives a lost connection."""
import queue

from kazoo.protocol.connection import _CONNECTION_DROP

from shared import WAIT_S, client, done, equal

writer, watcher = client(), client()
seen = queue.Queue()


@watcher.DataWatch("/watched")
def on_change(data, stat, event):
    seen.put((data, stat.version if stat else None, event.type if event else None))


def next_is(what, expected):
    equal(what, seen.get(timeout=WAIT_S), expected)


next_is("before the node exists", (None, None, None))
writer.create("/watched", b"first")
next_is("creation", (b"first", 0, "CREATED"))
writer.set("/watched", b"second")
next_is("change", (b"second", 1, "CHANGED"))
writer.set("/watched", b"")
next_is("empty data", (b"", 2, "CHANGED"))
writer.delete("/watched")
next_is("deletion", (None, None, "DELETED"))
writer.create("/watched", b"again")
next_is("second creation", (b"again", 0, "CREATED"))

# A change during a lost connection is told after the session has been opened again.
session = watcher.client_id
dropped = watcher.handler.async_result()
watcher._call(_CONNECTION_DROP, dropped)
writer.set("/watched", b"meanwhile")
# Whether as an event or by the read that kazoo does after a reconnect depends on which comes first.
equal("change around a reconnect", seen.get(timeout=WAIT_S)[:2], (b"meanwhile", 1))
equal("the session is the same", watcher.client_id, session)
done()
