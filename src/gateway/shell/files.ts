import type { IFileSystem } from 'just-bash';
import { MAX_FILES } from '../runner/kubectl-runner.ts';

// The shell's own stage scenery.
const SCENERY = ['/bin', '/usr', '/dev', '/proc'];

/**
 * The agent's files, for kubectl to read. Links are read through.
 *
 * @throws when there are more than MAX_FILES; their size is bounded by the file system itself
 */
export async function agentFiles(fs: IFileSystem): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const path of fs.getAllPaths()) {
    if (SCENERY.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) continue;
    // A dangling link is no file.
    const stat = await fs.stat(path).catch(() => undefined);
    if (!stat?.isFile) continue;
    if (files.size >= MAX_FILES) throw new Error(`there are more than ${MAX_FILES} files here; remove some`);
    files.set(path, await fs.readFileBuffer(path));
  }
  return files;
}

/** Puts files that kubectl wrote (`cp` out of a pod) where the agent finds them. */
export async function storeFiles(fs: IFileSystem, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, content] of files) {
    await fs.mkdir(path.slice(0, path.lastIndexOf('/')) || '/', { recursive: true });
    await fs.writeFile(path, content);
  }
}
