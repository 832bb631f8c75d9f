"""TLS: data, watches and an ACL for the certificate's subject, over a connection that is encrypted from its first byte.

Arguments: port, authority, certificate, key (PEM files), the subject as the server writes it.
"""
import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError
from kazoo.security import ACL, Id, Permissions

from shared import WAIT_S, done, equal, expect, host


def secure():
    started = KazooClient(
        hosts=host(),
        use_ssl=True,
        ca=sys.argv[2],
        certfile=sys.argv[3],
        keyfile=sys.argv[4],
        verify_certs=True,
    )
    started.start(timeout=WAIT_S)
    return started


zk = secure()
seen = threading.Event()
zk.create("/kazoo-tls", b"x" * 200000)
data, stat = zk.get("/kazoo-tls", watch=lambda event: seen.set())
equal("the data", data, b"x" * 200000)
other = secure()
other.set("/kazoo-tls", b"changed")
expect("the watch fires", seen.wait(WAIT_S))

zk.create("/kazoo-mine", b"", acl=[ACL(Permissions.ALL, Id("x509", sys.argv[5]))])
other.set("/kazoo-mine", b"same certificate")
zk.create("/kazoo-other", b"", acl=[ACL(Permissions.ALL, Id("x509", "CN=somebody else"))])
try:
    zk.get("/kazoo-other")
    expect("somebody else's node is not readable", False)
except NoAuthError:
    pass

for started in (zk, other):
    started.stop()
    started.close()
done()
