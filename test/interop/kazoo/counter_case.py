"""Counter: concurrent adds are all counted (each is a setData with the version that was read), ints and floats."""
import threading

from shared import client, done, equal

ADDERS = 4
ADDS = 25

reader = client()


def add():
    counter = client().Counter("/counter")
    for _ in range(ADDS):
        counter += 1


threads = [threading.Thread(target=add) for _ in range(ADDERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
counter = reader.Counter("/counter")
equal("sum of all adds", counter.value, ADDERS * ADDS)
counter -= 1
equal("after a subtraction", counter.value, ADDERS * ADDS - 1)
equal("every change is one version", reader.get("/counter")[1].version, ADDERS * ADDS + 1)

ratio = reader.Counter("/ratio", default=1.5)
ratio += 2.25
equal("float counter", ratio.value, 3.75)
done()
