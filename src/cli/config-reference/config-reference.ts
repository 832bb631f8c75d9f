// docs/configuration.md, made from the table of keys: `npm run docs` writes it, and a test holds the file against this. Pure;
// the same words in, the same page out.
// Nothing is said here about a single key: that belongs into its row.

import { expectationOf } from '../../server/config-check/value-check.js';
import { CONFIG_AREAS, type ConfigKey, propertiesOf } from '../../server/config-keys.js';
import { CLIENT_PROPERTIES } from './client-property-table.js';

const INTRODUCTION = `# Configuration reference

Every key of \`zoo.cfg\` and every \`-D\` property this server understands. Made from the table in \`src/server/config-keys/\` by
\`npm run docs\`; do not edit it here. \`npx threadkeeper config-keys <name>\` shows one key, \`npx threadkeeper doctor\` says what
is wrong with a file.

## How a key becomes a setting

* \`zoo.cfg\` is a Java properties file: ISO-8859-1, \`key=value\`, \`key: value\` or \`key value\`; \`#\` and \`!\` begin comments; a
  backslash at the end of a line joins the next one. Nothing is expanded: \`\${HOME}\` stays \`\${HOME}\`. Of a key given twice the
  last one counts.
* Strongest first: the file, \`-D\` on the command line, \`-D\` in \`JVMFLAGS\`, \`-D\` in \`SERVER_JVMFLAGS\`, the default.
  \`zkServer\` also reads \`zookeeper-env.sh\` and \`java.env\` of the configuration's directory, as a shell does. \`-Xmx\` and
  \`ZK_SERVER_HEAP\` (MB) bound the JavaScript heap, \`ZK_CLIENT_HEAP\` that of \`zkCli\`; other JVM options have no effect.
* A key with a name in the column "-D" is also that system property. In the file it has no \`zookeeper.\` in front:
  \`zookeeper.snapCount=5\` there sets nothing, and the server says so.
* A key nobody knows becomes the property \`zookeeper.<key>\`, as in Apache ZooKeeper, and is warned of, with the nearest key
  that is known.
* Whole numbers without a name in the column "-D", and ports, are strict: what cannot be read is refused, exit code 2, with file,
  line, key and what is expected. Others are lenient: decimal, \`0x10\`, \`#10\` or \`010\`; what cannot be read is the default, and
  warned of. A lenient boolean is true for \`true\` in any case, and false for anything else.
`;

export function configReference(): string {
  const areas = CONFIG_AREAS.map(({ title, keys }) => `## ${title}\n\n${areaTable(keys)}`);
  return [INTRODUCTION, ...areas, withoutEffect(), aliases(), clientProperties()].join('\n');
}

function areaTable(keys: readonly ConfigKey[]): string {
  const rows = keys
    .filter((key) => key.accepted === undefined)
    .map((key) => [code(key.name), expectationOf(key), shownDefault(key), propertyOf(key), key.sentence]);
  return table(['key', 'value', 'default', '-D', 'meaning'], rows);
}

function withoutEffect(): string {
  const rows = CONFIG_AREAS.flatMap(({ keys }) => keys)
    .filter((key) => key.accepted !== undefined)
    .map((key) => [code(key.name), shownDefault(key), key.sentence, key.accepted ?? '']);
  const lead = 'Understood and checked, so that a file that worked with Apache ZooKeeper works here:\n\n';
  return `## Keys without effect\n\n${lead}${table(['key', 'default', 'there', 'here'], rows)}`;
}

function aliases(): string {
  const rows = CONFIG_AREAS.flatMap(({ keys }) => keys).flatMap((key) =>
    (key.aliases ?? [])
      .filter((alias) => !alias.startsWith('zookeeper.'))
      .map((alias) => [code(alias), code(key.name)]),
  );
  const lead =
    "Headings of ZooKeeper's administrator's guide that are no keys there; here they are taken for the key that is meant:\n\n";
  return `## Headings of the guide\n\n${lead}${table(['heading', 'key'], rows)}`;
}

function clientProperties(): string {
  const rows = CLIENT_PROPERTIES.map(({ name, default: value, sentence, accepted }) => [
    code(name),
    value === '' ? '' : code(value),
    accepted === undefined ? sentence : `${sentence} Without effect: ${accepted}`,
  ]);
  const lead =
    'For `zkCli` and the other tools that connect: `-D` in `CLIENT_JVMFLAGS` or `JVMFLAGS`, or lines of the file that\n' +
    '`-client-configuration` names, which is the stronger one.\n\n';
  return `## Properties of clients\n\n${lead}${table(['property', 'default', 'meaning'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function shownDefault(key: ConfigKey): string {
  return key.default === '' ? '' : code(key.default);
}

/** The first of several: the file is one of the places of the others, too. */
function propertyOf(key: ConfigKey): string {
  const properties = propertiesOf(key);
  const bare = properties.find((property) => property === key.name);
  if (bare !== undefined) return code(bare);
  return properties.length === 0 && key.regime !== 'family' ? '' : code(`zookeeper.${key.name}`);
}

function code(text: string): string {
  return `\`${text}\``;
}
