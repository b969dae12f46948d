import { z } from 'zod';

/** Where the relay of a session leads: the arena view's socket on this machine, or its address in the cluster. */
export type ViewAddress = z.infer<typeof viewAddress>;
const viewAddress = z.union([
  z.strictObject({ socketPath: z.string().startsWith('/') }),
  z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65535) }),
]);

const absolutePath = z
  .string()
  .max(4096)
  .refine(
    (path) => path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..'),
    'must be an absolute path without ".."',
  );

/** Body of `POST /session`. The answer stays open: the session lives exactly as long as that connection. */
export const sessionRequest = z.strictObject({ kubeconfig: z.string().min(1), view: viewAddress });
export type SessionRequest = z.infer<typeof sessionRequest>;

/** Body of `POST /run`; contents are base64. Closing the connection kills the command. */
export const runRequest = z.strictObject({
  argv: z.array(z.string().refine((word) => !word.includes('\0'), 'must not contain NUL')).max(2048),
  cwd: absolutePath,
  stdin: z.base64(),
  files: z.record(absolutePath, z.base64()),
  timeoutMs: z.int().min(1).max(600_000),
});
export type RunRequest = z.infer<typeof runRequest>;

/** Answer of `POST /run`; stdout, stderr and files are base64. */
export const runResponse = z.strictObject({
  exitCode: z.int(),
  stdout: z.base64(),
  stderr: z.base64(),
  truncated: z.boolean(),
  timedOut: z.boolean(),
  files: z.record(z.string(), z.base64()),
});
export type RunResponse = z.infer<typeof runResponse>;
