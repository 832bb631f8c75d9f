import { describe, expect, test } from 'vitest';
import { createDoorbell, Doorbell } from '../../../../src/actor/wake/doorbell.js';
import { LoopWake } from '../../../../src/actor/wake/loop-wake.js';
import { PortBell, PortWake } from '../../../../src/actor/wake/port-wake.js';

/** The promise of waitAsync settles in a task of its own: some rounds of the event loop later all of them have. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

const noWork = (): boolean => false;
const work = (): boolean => true;

function loopWake() {
  const buffer = createDoorbell();
  let wakes = 0;
  const wake = new LoopWake(new Doorbell(buffer), () => wakes++);
  return { wake, bell: new Doorbell(buffer), wakes: () => wakes };
}

describe('waiting in waitAsync', () => {
  test('rung once, woken once; not rung again until armed again', async () => {
    const { wake, bell, wakes } = loopWake();
    expect(wake.arm(noWork)).toBe(true);
    expect(bell.ring()).toBe(true);
    expect(bell.ring()).toBe(false);
    await settle();
    expect(wakes()).toBe(1);
    expect(wake.arm(noWork)).toBe(true);
    expect(bell.ring()).toBe(true);
    await settle();
    expect(wakes()).toBe(2);
    wake.close();
  });

  test('does not sleep when there is work', () => {
    const { wake, bell } = loopWake();
    expect(wake.arm(work)).toBe(false);
    expect(bell.ring()).toBe(false);
    wake.close();
  });

  test('an awake thread is not rung', async () => {
    const { wake, bell, wakes } = loopWake();
    expect(bell.ring()).toBe(false);
    wake.arm(noWork);
    wake.disarm();
    expect(bell.ring()).toBe(false);
    await settle();
    expect(wakes()).toBe(0);
    wake.close();
  });

  test('a wait left over from before a turn still hears the bell', async () => {
    const { wake, bell, wakes } = loopWake();
    wake.arm(noWork);
    wake.disarm();
    wake.arm(noWork);
    expect(bell.ring()).toBe(true);
    await settle();
    expect(wakes()).toBe(1);
    wake.close();
  });

  test('a bell rung into a turn that began for another reason does not make the next wait deaf', async () => {
    const { wake, bell, wakes } = loopWake();
    wake.arm(noWork);
    bell.ring();
    wake.disarm();
    wake.arm(noWork);
    await settle();
    // One wake-up for nothing at the most, and the bell still works.
    expect(wakes()).toBeLessThanOrEqual(1);
    const before = wakes();
    wake.arm(noWork);
    expect(bell.ring()).toBe(true);
    await settle();
    expect(wakes()).toBe(before + 1);
    wake.close();
  });

  test('closed, it wakes nobody', async () => {
    const { wake, wakes } = loopWake();
    wake.arm(noWork);
    wake.close();
    await settle();
    expect(wakes()).toBe(0);
  });
});

describe('waiting for a message', () => {
  test('there is one message per sleep', () => {
    const doorbell = new Doorbell(createDoorbell());
    let wakes = 0;
    const wake = new PortWake(doorbell, () => wakes++);
    let messages = 0;
    const bell = new PortBell(doorbell, () => messages++);
    bell.ring();
    expect(wake.arm(work)).toBe(false);
    bell.ring();
    expect(messages).toBe(0);
    expect(wake.arm(noWork)).toBe(true);
    bell.ring();
    bell.ring();
    expect(messages).toBe(1);
    wake.onBellMessage();
    wake.onBellMessage();
    expect(wakes).toBe(1);
  });
});
