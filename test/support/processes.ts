import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as /proc tells of it. */
export interface ProcessFacts {
  pid: number;
  uid: number;
  root: string;
  net: string;
  mount: string;
  status: string;
  environ: string[];
  cmdline: string[];
}

/** All processes that can be read, seen from this pid namespace. */
export function processes(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const at = `/proc/${name}`;
      const words = (file: string) => readFileSync(`${at}/${file}`, 'utf8').split('\0').filter(Boolean);
      try {
        const status = readFileSync(`${at}/status`, 'utf8');
        return [
          {
            pid: Number(name),
            uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]),
            root: readlinkSync(`${at}/root`),
            net: readlinkSync(`${at}/ns/net`),
            mount: readlinkSync(`${at}/ns/mnt`),
            status,
            environ: words('environ'),
            cmdline: words('cmdline'),
          },
        ];
      } catch {
        return []; // it ended while we looked
      }
    });
}

/** Looks again until `ready` gives something; only for what offers nothing to watch. @throws after `timeoutMs` */
export async function poll<T>(ready: () => T | undefined | false, what: string, timeoutMs = 10_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = ready();
    if (value) return value;
    if (performance.now() > end) throw new Error(`Not within ${timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
