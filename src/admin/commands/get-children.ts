// get_children: the children of one node by the page, each with the size of its data and how many children it has; our own addition,
// for the tree in the browser. Parameters: `path`, `first` (0 is the first child), `count`. Main thread, bounded work; reads only, and
// asks for READ as a client would need it (tree-access.ts).

import { NO_NODE, NodeView } from '../../server/node-view.js';
import type { Command, MakeCommand } from '../command.js';
import { countOf, pathOf } from '../node-parameters.js';
import { atQuietMoment } from '../quiet-moment.js';
import { enterTree } from '../tree-access.js';

const COUNT_DEFAULT = 200;
const COUNT_MAX = 500;

export const getChildren: MakeCommand = (host): Command => {
  let view: NodeView | null = null;
  return {
    names: ['get_children'],
    method: 'GET',
    isOwn: true,
    needsServer: true,
    needsRoot: false,
    run: async (request) => {
      const entry = enterTree(host, request);
      if ('refusal' in entry) return entry.refusal;
      const path = pathOf(request.parameters);
      const first = countOf(request.parameters, 'first', 0, 0x7fffffff);
      const count = countOf(request.parameters, 'count', COUNT_DEFAULT, COUNT_MAX);
      if (path === null || first === null || count === null) {
        return { status: 400, error: 'get_children requires path, and first and count as numbers' };
      }
      view ??= new NodeView(host.tree, host.aclPolicy);
      const { identities } = entry;
      const nodes = view;
      const reading = await atQuietMoment(() => nodes.readChildren(path, identities, first, count));
      if (reading === null) return { status: 503, error: 'The tree cannot be read at this moment' };
      if (reading === NO_NODE) return { status: 404, fields: { path }, error: `Node does not exist: ${path}` };
      if (!reading.mayRead) return { status: 403, fields: { path }, error: 'Not authorized' };
      const children = reading.children.map(({ name, childCount, dataLength, kind }) => ({
        name,
        kind,
        data_length: dataLength,
        child_count: childCount,
      }));
      return { fields: { path, child_count: reading.childCount, first, children } };
    },
  };
};
