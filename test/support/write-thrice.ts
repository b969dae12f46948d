/** Creates the ConfigMaps w1, w2, w3 in the namespace it is given, then prints `done`: a process for tests to end at a write. */
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { Resources } from '../../src/kube/resource.ts';

const [, , path = '', namespace = ''] = process.argv;
const client = new KubeClient(loadKubeConfig({ path }));
for (const name of ['w1', 'w2', 'w3']) await client.create(Resources.configMaps, { metadata: { namespace, name } });
await client.close();
console.log('done');
