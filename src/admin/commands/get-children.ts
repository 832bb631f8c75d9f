// get_children: the children of one node by the page, each with the size of its data and how many children it has; our own addition,
// for the tree in the browser. Parameters: `path`, `first` (0 is the first child), `count`. Main thread, bounded work; reads only, and
// asks for READ as a client would need it (tree-access.ts).

import type { ChildrenReading } from '../../server/node-view.js';
import { countOf } from '../node-parameters.js';
import { treeCommand } from '../tree-command.js';

const COUNT_DEFAULT = 200;
const COUNT_MAX = 500;

export const getChildren = treeCommand<ChildrenReading>(
  'get_children',
  'path, and first and count as numbers',
  (parameters) => {
    const first = countOf(parameters, 'first', 0, 0x7fffffff);
    const count = countOf(parameters, 'count', COUNT_DEFAULT, COUNT_MAX);
    if (first === null || count === null) return null;
    return {
      read: (view, path, identities) => view.readChildren(path, identities, first, count),
      answer: (path, { mayRead, childCount, children }) => {
        if (!mayRead) return { status: 403, fields: { path }, error: 'Not authorized' };
        const shown = children.map(({ name, childCount, dataLength, kind }) => ({
          name,
          kind,
          data_length: dataLength,
          child_count: childCount,
        }));
        return { fields: { path, child_count: childCount, first, children: shown } };
      },
    };
  },
);
