import { InvalidArgumentError } from 'commander';

export interface HostPort {
  host: string;
  port: number;
}

/** Reads HOST:PORT or [IPv6]:PORT; an empty host is 0.0.0.0. Throws commander's error for anything else. */
export function parseHostPort(text: string): HostPort {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) throw new InvalidArgumentError('give HOST:PORT, e.g. 0.0.0.0:9447');
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(port) };
}
