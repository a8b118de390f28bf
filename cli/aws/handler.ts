// Which stacks run the handler, and are called by the Co-signer.
import type { Settings } from '../../infra/settings.js';

/** The stack with the tasks or the function that run the handler. It has the tag of the image. */
export function handlerStack({ compute }: Pick<Settings, 'compute'>): 'callback' | 'function' {
  return compute === 'lambda' ? 'function' : 'callback';
}

/** The stack with what the Co-signer calls: the load balancer or the API. It has the alarms' topic. */
export function frontStack({ front }: Pick<Settings, 'front'>): 'callback' | 'api' {
  return front === 'api' ? 'api' : 'callback';
}
