import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { lock } from './lock.ts';

const unique = () => `test/${process.pid}/${Math.random()}`;

describe('a lock', () => {
  test('is held by one at a time, in any number of tries', async () => {
    const name = unique();
    let holders = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const unlock = await lock(name);
        most = Math.max(most, ++holders);
        await new Promise(setImmediate);
        holders--;
        await unlock();
      }),
    );
    expect(most).toBe(1);
  });

  test('is free again when its holder is killed', async () => {
    const name = unique();
    const program = `const {lock} = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}); await lock(${JSON.stringify(name)}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await once(holder.stdout, 'data');
    let waited = false;
    const mine = lock(name, () => {
      waited = true;
      holder.kill('SIGKILL');
    });
    await (await mine)();
    expect(waited).toBe(true);
  });

  test('is not waited for after an abort', async () => {
    const name = unique();
    const unlock = await lock(name);
    const stop = new AbortController();
    const waiting = lock(name, () => stop.abort(new Error('interrupted')), stop.signal);
    await expect(waiting).rejects.toThrow('interrupted');
    await unlock();
  });
});
