"""Sessions: ephemerals live with them, outlive a connection, end with a close or an expiry; an expired client is told.

The server of this case runs with a short tick, so that a session of 2 s expires within 3 s of its last sign of life.
"""
import atexit
import os
import signal
import subprocess
import sys
import threading

from kazoo.client import KazooState
from kazoo.exceptions import NoChildrenForEphemeralsError
from kazoo.protocol.connection import _CONNECTION_DROP

from shared import WAIT_S, client, done, equal, expect

TIMEOUT_S = 2.0


def hold():
    """The child's part: an ephemeral, then every change of state as a line, until it is killed."""
    held = client(timeout=TIMEOUT_S)
    # Between two sessions there is no id.
    held.add_listener(lambda state: print(state, (held.client_id or (0,))[0], flush=True))
    held.create(sys.argv[3], ephemeral=True)
    print("held", held.client_id[0], flush=True)
    signal.pause()


def start_holder(path):
    holder = subprocess.Popen([sys.executable, __file__, sys.argv[1], "hold", path], stdout=subprocess.PIPE, text=True)
    atexit.register(holder.kill)
    word, session = holder.stdout.readline().split()
    equal("the child holds its ephemeral", word, "held")
    return holder, int(session)


def gone(zk, path):
    event = threading.Event()
    if zk.exists(path, watch=lambda _: event.set()) is None:
        event.set()
    return event


def main():
    zk = client()

    holder, session = start_holder("/by-expiry")
    equal("ephemeralOwner", zk.exists("/by-expiry").ephemeralOwner, session)
    vanished = gone(zk, "/by-expiry")
    holder.kill()
    holder.wait()
    expect("an ephemeral outlives its connection", not vanished.wait(TIMEOUT_S / 2))
    expect("it ends with the session's expiry", vanished.wait(WAIT_S))

    # A client that was stopped for longer than its session lives learns of it and gets another one.
    holder, session = start_holder("/by-pause")
    vanished = gone(zk, "/by-pause")
    os.kill(holder.pid, signal.SIGSTOP)
    expect("a stopped client's session expires", vanished.wait(WAIT_S))
    os.kill(holder.pid, signal.SIGCONT)
    states = []
    while not states or states[-1][0] != KazooState.CONNECTED:
        states.append(holder.stdout.readline().split())
    expect("the stopped client is told: %s" % states, KazooState.LOST in [state for state, _ in states])
    expect("the new session is another one", int(states[-1][1]) != session)
    holder.kill()
    holder.wait()

    # A lost connection is only a lost connection.
    owner = client(timeout=TIMEOUT_S)
    owner.create("/kept", ephemeral=True)
    before = owner.client_id
    suspended, connected = threading.Event(), threading.Event()
    owner.add_listener(lambda state: (connected if state == KazooState.CONNECTED else suspended).set())
    owner._call(_CONNECTION_DROP, owner.handler.async_result())
    expect("the client notices", suspended.wait(WAIT_S))
    expect("and reconnects", connected.wait(WAIT_S))
    equal("with its session", owner.client_id, before)
    equal("which still owns its node", owner.exists("/kept").ephemeralOwner, before[0])
    try:
        owner.create("/kept/child")
        raise AssertionError("an ephemeral got a child")
    except NoChildrenForEphemeralsError:
        pass
    vanished = gone(zk, "/kept")
    owner.stop()
    expect("a closed session's ephemeral is gone", vanished.wait(WAIT_S))
    done()


if len(sys.argv) > 2:
    hold()
else:
    main()
