/**
 * Writes src/gateway/view/kubernetes-protobuf.jsonl: the protobuf descriptors of every built-in kind, one line a package, from the
 * generated.proto files of the Go modules k8s.io/api and k8s.io/apimachinery. Needs Go, which fetches the modules and checks their sums.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const VERSION = 'v0.35.4';
const MODULES = ['k8s.io/api', 'k8s.io/apimachinery'];
const TARGET = new URL('../src/gateway/view/kubernetes-protobuf.jsonl', import.meta.url);

const folders = new Map(MODULES.map((module) => [module, download(module)]));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => {
  const module = MODULES.find((candidate) => target.startsWith(`${candidate}/`));
  return module ? join(folders.get(module) as string, target.slice(module.length)) : target;
};
const folder = folders.get('k8s.io/api') as string;
const files = globSync('**/generated.proto', { cwd: folder }).sort();
await root.load(
  files.map((file) => `k8s.io/api/${file}`),
  { keepCase: true },
);

const lines: string[] = [];
collect(root);
writeFileSync(TARGET, `${lines.sort().join('\n')}\n`);
console.log(`Wrote ${lines.length} packages from ${files.length} files of ${MODULES.join(' and ')} ${VERSION}`);

function collect(namespace: protobuf.Namespace): void {
  const messages = namespace.nestedArray
    .filter((nested) => nested instanceof protobuf.Type)
    .map((type) => [type.name, type.toJSON()] as const);
  const name = namespace.fullName.slice(1);
  if (messages.length > 0)
    lines.push(JSON.stringify({ package: name, group: groupOf(name), messages: Object.fromEntries(messages.sort(byName)) }));
  for (const nested of namespace.nestedArray)
    if (nested instanceof protobuf.Namespace && !(nested instanceof protobuf.Type)) collect(nested);
}

/** API group of a package of k8s.io/api, as its register.go has it ("" is core); undefined for apimachinery's own. */
function groupOf(name: string): string | undefined {
  if (!name.startsWith('k8s.io.api.')) return undefined;
  const source = readFileSync(join(folder, ...name.slice('k8s.io.api.'.length).split('.'), 'register.go'), 'utf8');
  const group = /\bGroupName = "([^"]*)"/.exec(source)?.[1];
  if (group === undefined) throw new Error(`No GroupName in register.go of ${name}`);
  return group;
}

function download(module: string): string {
  const { Dir, Error: failure } = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', `${module}@${VERSION}`], { cwd: dirname(process.execPath), encoding: 'utf8' }),
  );
  if (!Dir) throw new Error(`go mod download ${module}@${VERSION}: ${failure}`);
  return Dir;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
