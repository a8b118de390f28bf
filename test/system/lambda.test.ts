// Tests the built Lambda function as a process on the runtime API, with its keys in SSM, which moto_server emulates.
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { rsaPair } from '../helpers/keys.js';
import { loadBalancer, startFunction } from '../helpers/lambda.js';
import { motoServer } from '../helpers/moto.js';

const callback = rsaPair();
const cosigner = rsaPair();

t.test('answers the Co-signer behind a load balancer', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  const environment = await startFunction(t, { cwd: t.testdir(), env: moto.env });
  const url = await loadBalancer(t, environment);
  const client = createCosigner({
    url: `${url}/callback`,
    keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
  });
  t.teardown(() => client.close());
  const { answer, ...rest } = await client.send('transaction', samplePayload('transaction'));
  t.match(answer, { action: 'REJECT' }, JSON.stringify(rest));
});
