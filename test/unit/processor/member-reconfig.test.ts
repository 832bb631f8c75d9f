// reconfig in the line of a member that leads, with a quorum peer that judges when the test says so: what prep holds meanwhile, what
// the transaction is, what the client is told, and that nothing is left of it when the role ends in between.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { decodeGetDataResponse } from '../../../src/protocol/replies.js';
import { decodeReconfigRequest, encodeReconfigRequest, type ReconfigRequest } from '../../../src/protocol/requests.js';
import type { ServerConfig } from '../../../src/server/server-config.js';
import { leaderAlone } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';

const MEMBERS = 'server.1=h:1:2:participant\nserver.3=h:5:6:observer;h:7\n';
const ANY = { joiningServers: null, leavingServers: '2', newMembers: null, curConfigId: -1n };
const FIRST_ZXID = (1n << 32n) | 1n;

interface Leading {
  readonly member: ScriptedMember;
  /** Requests that the quorum peer was asked to judge, as it reads them. */
  readonly asked: ReconfigRequest[];
  readonly client: WireClient;
}

function leading(config: Partial<ServerConfig> = {}): Leading {
  const member = new ScriptedMember({
    sid: 1,
    prng: new Prng(7),
    config: { reconfigEnabled: true, skipAcl: true, ...config },
  });
  const asked: ReconfigRequest[] = [];
  const script = leaderAlone(member);
  member.serve(
    ServerRole.leader,
    {
      onLine: (type, bytes, words, offset, length) => {
        if (type !== RecordType.judge) {
          script.onLine(type, bytes, words, offset, length);
          return;
        }
        expect(words[(offset >> 2) + WORD_LEARNER]).toBe(0);
        const at = offset + PIPELINE_HEADER_BYTES + (words[(offset >> 2) + WORD_LENGTH_A] as number);
        const end = at + (words[(offset >> 2) + WORD_LENGTH_B] as number);
        asked.push(decodeReconfigRequest(new JuteReader(bytes, at, end)));
      },
      onDurable: script.onDurable,
    },
    1,
  );
  member.run();
  return { member, asked, client: connect(member) };
}

function connect(member: ScriptedMember): WireClient {
  const client = member.dial();
  client.handshake();
  member.run();
  expect(client.take()).toMatchObject([{ kind: 'connect' }]);
  return client;
}

function reconfig(client: WireClient, request: ReconfigRequest = ANY): void {
  client.request(OpCode.reconfig, (w) => encodeReconfigRequest(w, request));
}

function judge(member: ScriptedMember, error: number, text = ''): void {
  member.say((port) => port.judged(error, encodeUtf8(text)));
  member.run();
}

function replies(client: WireClient): Reply[] {
  return client.take().filter((frame) => frame.kind === 'reply');
}

describe('reconfig at a leader', () => {
  test('is judged by the quorum peer, and becomes the text with its own zxid as version', () => {
    const { member, asked, client } = leading();
    const other = connect(member);
    other.getData('/zookeeper/config', true);
    const request = {
      joiningServers: 'server.3=h:5:6:observer;h:7',
      leavingServers: '',
      newMembers: null,
      curConfigId: 5n,
    };
    reconfig(client, request);
    client.getData('/zookeeper/config');
    member.run();
    expect(asked).toEqual([request]);
    expect(replies(client)).toEqual([]);
    judge(member, ErrorCode.Ok, MEMBERS);
    const [reply, read] = replies(client);
    // Two sessions were opened before.
    const version = FIRST_ZXID + 2n;
    expect(reply).toMatchObject({ err: 0, zxid: version });
    const { data, stat } = decodeGetDataResponse(new JuteReader((reply as Reply).body));
    expect(Buffer.from(data ?? []).toString()).toBe(`${MEMBERS}version=${version.toString(16)}`);
    expect(stat).toMatchObject({ mzxid: version, version: -1, czxid: 0n });
    expect((read as Reply).body).toEqual((reply as Reply).body);
    expect(member.dataOf('/zookeeper/config')).toBe(`${MEMBERS}version=${version.toString(16)}`);
    const events = other.take();
    expect(events.map((frame) => frame.kind)).toEqual(['reply', 'event']);
  });

  test('holds what comes behind it, of whomever, and lets it go in order', () => {
    const { member, asked, client } = leading();
    const other = connect(member);
    reconfig(client);
    client.create('/a');
    reconfig(client, { ...ANY, leavingServers: '3' });
    client.create('/b');
    member.run();
    other.create('/c');
    member.run();
    expect([replies(client), replies(other), asked.length]).toEqual([[], [], 1]);
    judge(member, ErrorCode.NewConfigNoQuorum);
    expect(replies(client).map(({ err }) => err)).toEqual([ErrorCode.NewConfigNoQuorum, 0]);
    expect(asked.map(({ leavingServers }) => leavingServers)).toEqual(['2', '3']);
    judge(member, ErrorCode.BadVersion);
    expect(replies(client).map(({ err }) => err)).toEqual([ErrorCode.BadVersion, 0]);
    expect(replies(other).map(({ err }) => err)).toEqual([0]);
    // A refusal is a transaction too.
    expect(member.zxid).toBe(FIRST_ZXID + 6n);
    expect(member.outstanding()).toEqual([0, 0]);
  });

  test('what it has held is whole, however much it was', () => {
    const { member, client } = leading();
    const data = new Uint8Array(700_000).fill(7);
    reconfig(client);
    client.create('/a', { data });
    member.run();
    judge(member, ErrorCode.BadVersion);
    expect(replies(client).map(({ err }) => err)).toEqual([ErrorCode.BadVersion, 0]);
    expect(member.dataOf('/a')).toBe(Buffer.from(data).toString());
  });

  test('needs the right to write /zookeeper/config, which is looked at last', () => {
    const { member, client } = leading({ skipAcl: false });
    reconfig(client);
    member.run();
    judge(member, ErrorCode.Ok, MEMBERS);
    expect(replies(client).map(({ err }) => err)).toEqual([ErrorCode.NoAuth]);
    expect(member.dataOf('/zookeeper/config')).toBe('');
  });

  test('is refused without a judgement where it is not enabled, or does not decode', () => {
    const disabled = leading({ reconfigEnabled: false });
    reconfig(disabled.client);
    disabled.member.run();
    expect(replies(disabled.client).map(({ err }) => err)).toEqual([ErrorCode.ReconfigDisabled]);
    const { member, asked, client } = leading();
    client.request(OpCode.reconfig, new Uint8Array(6));
    client.create('/a');
    member.run();
    expect(replies(client).map(({ err }) => err)).toEqual([ErrorCode.MarshallingError, 0]);
    expect([disabled.asked, asked]).toEqual([[], []]);
  });

  test('that nobody judges any more is lost with the role, and so is what was held', () => {
    const { member, client } = leading();
    reconfig(client);
    client.create('/a');
    client.getData('/');
    member.run();
    expect(member.outstanding()[0]).toBe(3);
    expect(member.endRole()).toBe(FIRST_ZXID);
    expect([client.take(), client.connection.ending]).toEqual([[], Ending.fin]);
    expect(member.outstanding()).toEqual([0, 0]);
    member.serve(ServerRole.leader, leaderAlone(member), 2);
    member.run();
    const again = connect(member);
    again.create('/a');
    member.run();
    expect(replies(again).map(({ err }) => err)).toEqual([0]);
  });
});
