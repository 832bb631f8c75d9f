import { describe, expect, it } from 'vitest';
import { JaasSyntaxError, parseJaasFile } from '../../../src/server/jaas-file.js';

const NO_PROPERTIES = new Map<string, string>();

function parse(text: string, properties: ReadonlyMap<string, string> = NO_PROPERTIES) {
  return Object.fromEntries(
    [...parseJaasFile(text, properties)].map(([name, modules]) => [
      name,
      modules.map(({ className, options }) => [className, Object.fromEntries(options)]),
    ]),
  );
}

/** The value of the only option in the only module. */
function optionValue(written: string, properties?: ReadonlyMap<string, string>): string | undefined {
  const [module] = parseJaasFile(`S { m required k=${written}; };`, properties ?? NO_PROPERTIES).get('S') ?? [];
  return module?.options.get('k');
}

describe('a login configuration', () => {
  it('has sections of modules with options', () => {
    const text = `
      /* for clients */
      Server {
        org.apache.zookeeper.server.auth.DigestLoginModule required
        user_super="adminsecret"  // the one
        user_bob="bobsecret";
      };
      QuorumServer { a.B Sufficient x=y "quoted key"="z"; a.C OPTIONAL; };
      Empty {};
    `;
    expect(parse(text)).toEqual({
      Server: [
        ['org.apache.zookeeper.server.auth.DigestLoginModule', { user_super: 'adminsecret', user_bob: 'bobsecret' }],
      ],
      QuorumServer: [
        ['a.B', { x: 'y', 'quoted key': 'z' }],
        ['a.C', {}],
      ],
      Empty: [],
    });
  });

  it('may be empty', () => {
    expect(parse('')).toEqual({});
    expect(parse('\n// nothing\n/* at all')).toEqual({});
  });

  it.each([
    ['"a b"', 'a b'],
    ['""', ''],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', 'a\\b'],
    ['"a\\tb"', 'a\tb'],
    ['"\\101\\60x"', 'A0x'],
    ['"\\7771"', '?71'],
    ["'single'", 'single'],
    ['"a//b;{}="', 'a//b;{}='],
    ['pä$s-w_rd', 'pä$s-w_rd'],
    ['123', '123'],
  ])('reads %s', (written, value) => {
    expect(optionValue(written)).toBe(value);
  });

  it('puts properties in', () => {
    const properties = new Map([['user.home', '/root']]);
    const place = (name: string): string => ['$', '{', name, '}'].join('');
    expect(optionValue(`"${place('user.home')}/x${place('/')}y"`, properties)).toBe('/root/x/y');
    expect(optionValue(`"${place('{user.home}')}"`, properties)).toBe(place('{user.home}'));
    expect(() => optionValue(`"${place('nix')}"`)).toThrow('line 1: there is no property nix for k');
  });

  it.each([
    ['S { m required k="v" }', 'line 1: an option or ; is missing'],
    ['S { m required k="v"; }', 'line 1: ; is missing'],
    ['S { m required k="v";', 'line 1: a login module is missing'],
    ['S\n{ m\nmaybe; };', 'line 3: maybe is no control flag'],
    ['S { m required k "v"; };', 'line 1: = is missing'],
    ['S { m required k=; };', 'line 1: the value of k is missing'],
    ['S {};\nS {};', 'line 2: section S stands there twice'],
    ['{ };', 'line 1: the name of a section is missing'],
    ['S { m required k="v\n"; };', 'line 1: a quote is not closed'],
    ['S { m required k="v\\', 'line 1: a quote is not closed'],
    ['/* one\ntwo */ S', 'line 2: { is missing'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(new JaasSyntaxError(message));
  });

  it('never tells a value', () => {
    for (const text of [
      'S { m required k="HUSH" }',
      'S { m required k="HUSH',
      `S { m required k="HUSH${'$'}{nix}"; };`,
    ]) {
      try {
        parse(text);
        expect.unreachable(text);
      } catch (error) {
        expect((error as Error).message).not.toContain('HUSH');
      }
    }
  });
});
