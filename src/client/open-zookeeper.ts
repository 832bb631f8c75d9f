// The door for applications: a ZooKeeper client on the machine's own network, clocks and randomness.
//
//   const zk = openZooKeeper('localhost:2181,otherhost:2181/app', { watcher: (event) => … });
//   await zk.create('/greeting', encodeUtf8('hello'), { mode: CreateMode.Ephemeral });
//   const { data, stat } = await zk.getData('/greeting', (event) => …);
//   await zk.close();

import { nodeClientPorts } from './node-client-ports.js';
import { ZooKeeper, type ZooKeeperOptions } from './zookeeper.js';

/** Returns at once; requests made before a session is open wait for it, or fail with the attempt. */
export function openZooKeeper(connectString: string, options: ZooKeeperOptions = {}): ZooKeeper {
  return new ZooKeeper(connectString, options, nodeClientPorts());
}
