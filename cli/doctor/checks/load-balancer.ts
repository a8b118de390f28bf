// Checks the load balancer and its listener.
import { CONSOLE_LISTENER_PORT } from '../../../infra/names.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { revert } from '../advice.js';
import { type Finding, ok, unlessAny, wrong } from '../check.js';
import { type Scene, theLoadBalancer } from '../scene.js';

export async function loadBalancer(scene: Scene): Promise<readonly Finding[]> {
  const { names, settings } = scene.session;
  const found = await scene.loadBalancer();
  if (found === undefined) {
    return [wrong(`${names.loadBalancer} does not exist`, await revert(scene, 'callback'))];
  }
  const zones = (found.AvailabilityZones ?? []).flatMap(({ ZoneName }) => ZoneName ?? []);
  const state = found.State?.Code ?? 'unknown';
  const missing = settings.availabilityZones.filter((zone) => !zones.includes(zone));
  const problems = [
    ...(state === 'active'
      ? []
      : [wrong(`${names.loadBalancer} is ${state}`, 'wait for a minute; if it stays so, ask AWS Support')]),
    ...(found.Scheme === 'internal'
      ? []
      : [wrong(`${names.loadBalancer} faces the internet`, await revert(scene, 'callback'))]),
    ...(missing.length === 0
      ? []
      : [wrong(`${names.loadBalancer} is not in ${missing.join(', ')}`, await revert(scene, 'callback'))]),
  ];
  return unlessAny(problems, `${names.loadBalancer} is active in ${zones.join(', ')}`);
}

/** TLS 1.2 with forward secrecy and authenticated encryption, or better. */
const TLS_POLICY = /^ELBSecurityPolicy-TLS13-1-[23]-(Res-|2)/;

export async function listener(scene: Scene): Promise<readonly Finding[]> {
  await theLoadBalancer(scene);
  const back = await revert(scene, 'callback');
  const found = (await scene.listeners()).find(({ Port }) => Port === 443);
  if (found === undefined) return [wrong('the load balancer does not listen on port 443', back)];
  const { Protocol = '', SslPolicy = 'no policy', DefaultActions = [] } = found;
  const ours = (await scene.stack('callback'))?.outputs['TargetGroupArn'];
  const forwards = DefaultActions.flatMap(({ TargetGroupArn, ForwardConfig }) => [
    ...(TargetGroupArn === undefined ? [] : [TargetGroupArn]),
    ...(ForwardConfig?.TargetGroups ?? []).flatMap(({ TargetGroupArn: arn }) => arn ?? []),
  ]);
  const others = forwards.filter((arn) => arn !== ours);
  const problems: Finding[] = [];
  if (Protocol !== 'HTTPS') problems.push(wrong(`port 443 speaks ${Protocol}`, back));
  else if (!TLS_POLICY.test(SslPolicy)) {
    problems.push(wrong(`port 443 accepts outdated TLS: ${SslPolicy}`, back));
  }
  if (forwards.length === 0) problems.push(wrong('port 443 forwards to no target group', back));
  if (others.length > 0) problems.push(wrong(`port 443 forwards to ${others.join(', ')}`, back));
  if (problems.length > 0) return problems;
  return [ok(`HTTPS on port 443, ${SslPolicy}`), ...(await consoleListener(scene))];
}

async function consoleListener(scene: Scene): Promise<readonly Finding[]> {
  const { settings } = scene.session;
  if (settings.console === undefined) return [];
  const found = (await scene.listeners()).some(({ Port }) => Port === CONSOLE_LISTENER_PORT);
  if (found) return [ok(`HTTPS on port ${CONSOLE_LISTENER_PORT} for the console`)];
  const next =
    (await scene.stack('console')) === undefined
      ? npmCommand(scene.session, 'deploy')
      : await revert(scene, 'console');
  return [wrong(`the load balancer does not listen on port ${CONSOLE_LISTENER_PORT} for the console`, next)];
}
