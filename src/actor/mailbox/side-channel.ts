/**
 * What two threads exchange beside their rings: bodies of large records, newly made shared memory, and bell messages
 * where `Atomics.waitAsync` is missing. One MessagePort per pair of threads, both directions; each end lives on its
 * thread. Read synchronously (`receiveMessageOnPort`) at the moment something in a ring points to it. Never carries a
 * record: order is the ring's business.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import type { BodyCarrier, BodySource, LargeInbox } from './large-record.js';

type SideMessage =
  | readonly ['body', linkIndex: number, generation: number, id: number, body: SharedArrayBuffer]
  | readonly ['retired', linkIndex: number, generation: number, id: number]
  | readonly ['offer', name: string, buffer: SharedArrayBuffer]
  | readonly ['bell'];

export interface SideChannelEvents {
  onOffer(name: string, buffer: SharedArrayBuffer): void;
  /** Given only where bells come by message: the port is then listened to. */
  readonly onBell?: (() => void) | undefined;
  /** The other thread was replaced: post again what it may still need. */
  onRelinked(): void;
}

export class SideChannel implements BodySource {
  private port: MessagePort;
  private readonly events: SideChannelEvents;
  private readonly inboxes = new Map<number, LargeInbox>();

  constructor(port: MessagePort, events: SideChannelEvents) {
    this.port = port;
    this.events = events;
    this.listen();
  }

  /** The carrier of one link's bodies, away from here. */
  carrier(linkIndex: number): BodyCarrier {
    return {
      postBody: (generation, id, body) => this.post(['body', linkIndex, generation, id, body]),
      postRetired: (generation, id) => this.post(['retired', linkIndex, generation, id]),
    };
  }

  /** Bodies of that link, towards here, go to that inbox. */
  register(linkIndex: number, inbox: LargeInbox): void {
    this.inboxes.set(linkIndex, inbox);
  }

  offer(name: string, buffer: SharedArrayBuffer): void {
    this.post(['offer', name, buffer]);
  }

  postBell(): void {
    this.post(['bell']);
  }

  receiveBodies(): void {
    this.receive();
  }

  /** Takes in all that has arrived. */
  receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port);
      if (received === undefined) return;
      this.accept(received.message as SideMessage);
    }
  }

  /** Goes on over a new port after the thread at the other end was replaced; what it had posted is not lost. */
  relink(port: MessagePort): void {
    this.receive();
    this.port.close();
    this.port = port;
    this.listen();
    this.events.onRelinked();
  }

  close(): void {
    this.port.close();
  }

  private listen(): void {
    if (this.events.onBell === undefined) return;
    this.port.on('message', (message: SideMessage) => this.accept(message));
    // The runner keeps its thread alive, not the ports.
    this.port.unref();
  }

  private accept(message: SideMessage): void {
    switch (message[0]) {
      case 'body':
        this.inbox(message[1]).accept(message[2], message[3], message[4]);
        break;
      case 'retired':
        this.inbox(message[1]).retire(message[2], message[3]);
        break;
      case 'offer':
        this.events.onOffer(message[1], message[2]);
        break;
      case 'bell':
        this.events.onBell?.();
        break;
    }
  }

  private inbox(linkIndex: number): LargeInbox {
    const inbox = this.inboxes.get(linkIndex);
    assert(inbox !== undefined, `a body for link ${linkIndex}, which does not end here`);
    return inbox;
  }

  private post(message: SideMessage): void {
    this.port.postMessage(message);
  }
}
