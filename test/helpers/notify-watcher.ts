// A process that notifies people, as a console does: `notify-watcher.js PLACE URL SECRET_FILE`, a place as `openStore` takes
// it, in JSON. It prints its log.
import pino from 'pino';
import { startNotifying } from '../../src/console/notify/start.js';
import { logOptions } from '../../src/log.js';
import { openStore, type StorePlace } from '../../src/store/open.js';
import { ORIGIN } from './held-people.js';

const [, , place = '', url = '', file = ''] = process.argv;
await startNotifying(
  { topic: undefined, webhook: { url, secret: { file } } },
  {
    store: await openStore(JSON.parse(place) as StorePlace),
    origin: ORIGIN,
    log: pino(logOptions('info'), process.stdout),
  },
);
// The timers of the watch keep no process alive: the console's server does.
setInterval(() => undefined, 60_000);
