"""Election: one leader at a time, every candidate in its turn, and the next one when a leader's session is closed."""
import threading

from shared import WAIT_S, client, done, equal, expect

CANDIDATES = ["a", "b", "c"]

guard = threading.Lock()
leading = []
terms = []
may_end = {name: threading.Event() for name in CANDIDATES}
began = {name: threading.Event() for name in CANDIDATES}


def lead(name):
    with guard:
        leading.append(name)
        terms.append(name)
        expect("one leader at a time, not %s" % leading, len(leading) == 1)
    began[name].set()
    may_end[name].wait(WAIT_S)
    with guard:
        leading.remove(name)


watcher = client()
watched = watcher.Election("/election", "watcher")
threads = []
# One after the other, so that the order of the candidates is known.
for position, name in enumerate(CANDIDATES):
    election = client().Election("/election", name)
    thread = threading.Thread(target=election.run, args=(lead, name))
    thread.start()
    threads.append(thread)
    while len(watched.contenders()) <= position:
        pass
equal("contenders", watched.contenders(), CANDIDATES)

for position, name in enumerate(CANDIDATES):
    expect("%s is elected" % name, began[name].wait(WAIT_S))
    for later in CANDIDATES[position + 1:]:
        expect("%s waits for its turn" % later, not began[later].is_set())
    may_end[name].set()
for thread in threads:
    thread.join(WAIT_S)
equal("terms", terms, CANDIDATES)
equal("contenders at the end", watched.contenders(), [])
done()
