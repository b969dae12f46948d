import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MAX_FILES_BYTES } from './kubectl-runner.ts';
import { SessionRoot } from './session-root.ts';

let path: string;
let root: SessionRoot;
const at = (...names: string[]) => join(path, ...names);
const text = (files: Map<string, Buffer>) => Object.fromEntries([...files].map(([name, content]) => [name, content.toString()]));

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'session-root-'));
  mkdirSync(at('bin'));
  writeFileSync(at('bin/kubectl'), 'program');
  root = new SessionRoot(path);
  root.begin('config-1');
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

describe('SessionRoot', () => {
  test('begins with the program, a home, a tmp folder and the credentials', () => {
    expect(readdirSync(path).sort()).toEqual(['bin', 'home', 'tmp']);
    expect(readFileSync(at('home/user/.kube/config'), 'utf8')).toBe('config-1');
    expect(statSync(at('home/user')).mode & 0o7777).toBe(0o1777);
  });

  test('hands back what is new or changed, and keeps nothing', () => {
    const sent = new Map([
      ['/home/user/a.yaml', Buffer.from('a')],
      ['/data/deep/b.yaml', Buffer.from('b')],
    ]);
    root.put(sent, '/work');
    expect(statSync(at('data/deep/b.yaml')).mode & 0o777).toBe(0o666);
    writeFileSync(at('home/user/a.yaml'), 'changed');
    mkdirSync(at('work/logs'));
    writeFileSync(at('work/logs/app.log'), 'boom');
    expect(text(root.take(sent))).toEqual({ '/home/user/a.yaml': 'changed', '/work/logs/app.log': 'boom' });
    expect(readdirSync(path).sort()).toEqual(['bin', 'home', 'tmp']);
    expect(readdirSync(at('home/user'))).toEqual(['.kube']);
  });

  test('keeps the discovery cache for the session and drops it for the next', () => {
    writeFileSync(at('home/user/.kube/cache/api'), 'groups');
    root.put(new Map(), '/home/user');
    expect(text(root.take(new Map()))).toEqual({});
    expect(existsSync(at('home/user/.kube/cache/api'))).toBe(true);
    root.begin('config-2');
    expect(existsSync(at('home/user/.kube/cache/api'))).toBe(false);
    expect(readFileSync(at('home/user/.kube/config'), 'utf8')).toBe('config-2');
  });

  test('takes neither program, credentials nor kuberc from the agent', () => {
    const files = ['/bin/kubectl', '/bin/x', '/home/user/.kube/config', '/home/user/.kube/kuberc', '/home/user/./.kube/config'];
    root.put(new Map(files.map((name) => [name, Buffer.from('evil')])), '/tmp');
    expect(readFileSync(at('bin/kubectl'), 'utf8')).toBe('program');
    expect(existsSync(at('bin/x'))).toBe(false);
    expect(readdirSync(at('home/user/.kube')).sort()).toEqual(['cache', 'config']);
    expect(readFileSync(at('home/user/.kube/config'), 'utf8')).toBe('config-1');
  });

  test('follows no link that a command left', () => {
    writeFileSync(at('..', `secret-${process.pid}`), 'secret');
    try {
      symlinkSync(`../../secret-${process.pid}`, at('tmp/link'));
      symlinkSync('/etc', at('tmp/etc'));
      expect(text(root.take(new Map()))).toEqual({});
      expect(existsSync('/etc/passwd')).toBe(true);
      expect(readdirSync(at('tmp'))).toEqual([]);
    } finally {
      rmSync(at('..', `secret-${process.pid}`));
    }
  });

  test('hands back a bounded amount', () => {
    writeFileSync(at('tmp/big'), Buffer.alloc(MAX_FILES_BYTES + 1));
    writeFileSync(at('tmp/small'), 'x');
    expect(text(root.take(new Map()))).toEqual({ '/tmp/small': 'x' });
  });
});
