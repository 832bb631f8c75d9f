"""Transactions (multi): all or nothing, results per operation, sequences inside, the errors of a failed one."""
from kazoo.exceptions import BadVersionError, NoNodeError, RolledBackError, RuntimeInconsistency

from shared import client, done, equal, expect

zk = client()
zk.create("/t", b"0")

good = zk.transaction()
good.create("/t/a", b"a")
good.create("/t/s-", b"", sequence=True)
good.set_data("/t", b"1", version=0)
good.check("/t", version=1)
good.delete("/t/a")
results = good.commit()
equal("created", results[0], "/t/a")
equal("sequential name counts the earlier create", results[1], "/t/s-0000000001")
equal("Stat right after the operation", (results[2].version, results[2].numChildren), (1, 2))
equal("check and delete", results[3:], [True, True])
equal("children afterwards", zk.get_children("/t"), ["s-0000000001"])

bad = zk.transaction()
bad.create("/t/b", b"b")
bad.check("/t", version=7)
bad.delete("/t/nothing")
results = bad.commit()
equal("errors", [type(result) for result in results], [RolledBackError, BadVersionError, RuntimeInconsistency])
expect("nothing of it was done", zk.exists("/t/b") is None)

with zk.transaction() as block:
    block.set_data("/t", b"2")
equal("context manager commits", zk.get("/t")[0], b"2")

missing = zk.transaction()
missing.set_data("/nowhere", b"")
equal("single failing operation", type(missing.commit()[0]), NoNodeError)

# The next sequence number is as if the failed transaction had never been.
equal("counter untouched by the failure", zk.create("/t/s-", sequence=True), "/t/s-0000000002")
done()
