"""ChildrenWatch: every state of a children list in order, sequential names, and silence after it has returned False."""
import queue

from shared import WAIT_S, client, done, equal, expect

writer, watcher = client(), client()
writer.ensure_path("/parent")
seen = queue.Queue()


@watcher.ChildrenWatch("/parent")
def on_children(children):
    seen.put(sorted(children))
    return "last" not in children


def next_is(what, expected):
    equal(what, seen.get(timeout=WAIT_S), expected)


next_is("no child", [])
writer.create("/parent/a")
next_is("first child", ["a"])
writer.create("/parent/a/grandchild")
writer.set("/parent/a", b"changed")
name = writer.create("/parent/s-", sequence=True)
equal("sequential name", name, "/parent/s-0000000001")
next_is("only the parent's own list counts", ["a", "s-0000000001"])
writer.delete("/parent/a", recursive=True)
next_is("child deleted", ["s-0000000001"])
writer.create("/parent/last")
next_is("last child", ["last", "s-0000000001"])
writer.create("/parent/unseen")
# A round trip of the watcher: had an event been sent for the change before, it would have arrived ahead of this reply.
expect("the watcher reads the new child", "unseen" in watcher.get_children("/parent"))
expect("no call after False", seen.empty())
done()
