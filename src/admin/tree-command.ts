// What get_node and get_children have in common: who may ask (tree-access.ts), a view of the shared tree that is made when
// the first one asks, a moment at which it can be read, and the answers when there is nothing to show. On the main thread;
// how much is read at once is bounded by the view.

import type { Identity } from '../processor/acl.js';
import { NO_NODE, NodeView } from '../server/node-view.js';
import type { Command, CommandAnswer, MakeCommand } from './command.js';
import { pathOf } from './node-parameters.js';
import { atQuietMoment } from './quiet-moment.js';
import { enterTree } from './tree-access.js';

export interface TreeQuery<Reading> {
  /** Null: the tree changes while it is read; it is asked again. */
  read(view: NodeView, path: string, identities: readonly Identity[]): Reading | typeof NO_NODE | null;
  answer(path: string, reading: Reading): CommandAnswer;
}

/** `queryOf`: by the request's parameters; null: they are not what `usage` says. */
export function treeCommand<Reading>(
  name: string,
  usage: string,
  queryOf: (parameters: ReadonlyMap<string, string>) => TreeQuery<Reading> | null,
): MakeCommand {
  return (host): Command => {
    let view: NodeView | null = null;
    return {
      names: [name],
      method: 'GET',
      isOwn: true,
      needsServer: true,
      needsRoot: false,
      run: async (request) => {
        const entry = enterTree(host, request);
        if ('refusal' in entry) return entry.refusal;
        const path = pathOf(request.parameters);
        const query = queryOf(request.parameters);
        if (path === null || query === null) return { status: 400, error: `${name} requires ${usage}` };
        view ??= new NodeView(host.tree, host.aclPolicy);
        const nodes = view;
        const reading = await atQuietMoment(() => query.read(nodes, path, entry.identities));
        if (reading === null) return { status: 503, error: 'The tree cannot be read at this moment' };
        if (reading === NO_NODE) return { status: 404, fields: { path }, error: `Node does not exist: ${path}` };
        return query.answer(path, reading);
      },
    };
  };
}
