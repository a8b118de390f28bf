// CloudFormation's drift detection, which moto_server does not have: replies as the API reference documents them
// (DetectStackDrift, DescribeStackDriftDetectionStatus, DescribeStackResourceDrifts, and DriftInformation of DescribeStacks).
import type { StackResourceDriftStatus } from '@aws-sdk/client-cloudformation';
import { type AwsCall, type AwsProxy, type AwsReply, awsError, parameter, xml } from './aws-proxy.js';

export interface Drift {
  /** By stack, the drift statuses of resources, by logical id. A stack that is absent is in sync. */
  readonly changed?: Readonly<Record<string, Readonly<Record<string, StackResourceDriftStatus>>>>;
  /** By stack, why its detection fails. */
  readonly fails?: Readonly<Record<string, string>>;
}

const CHECKED = '2026-11-20T10:00:00.000Z';

/** How often a detection is still in progress when it is looked at. */
const POLLS = 2;

/** Adds drift detection to an emulated account. A detection changes what later calls find, as in AWS. */
export function addDriftDetection(proxy: AwsProxy, { changed = {}, fails = {} }: Drift): void {
  const polls = new Map<string, number>();
  const detected = new Set<string>();
  const statusOf = (stack: string): string =>
    !detected.has(stack) ? 'NOT_CHECKED' : changed[stack] === undefined ? 'IN_SYNC' : 'DRIFTED';

  function detectionStatus(call: AwsCall): AwsReply {
    const id = parameter(call, 'StackDriftDetectionId') ?? '';
    const stack = id.replace(/^detection-/, '');
    const seen = polls.get(id);
    if (seen === undefined) return awsError(call, 'ValidationError', `${id} does not exist`);
    polls.set(id, seen + 1);
    if (seen < POLLS) return xml(call, detection(stack, id, 'IN_PROGRESS'));
    const reason = fails[stack];
    if (reason !== undefined) {
      const why = `<DetectionStatusReason>${reason}</DetectionStatusReason>`;
      return xml(call, detection(stack, id, 'DETECTION_FAILED', why));
    }
    detected.add(stack);
    const result = `<StackDriftStatus>${statusOf(stack)}</StackDriftStatus>`;
    return xml(call, detection(stack, id, 'DETECTION_COMPLETE', result));
  }

  proxy.before = (call) => {
    const stack = parameter(call, 'StackName') ?? '';
    if (call.action === 'DetectStackDrift') {
      const id = `detection-${stack}`;
      polls.set(id, 0);
      return xml(call, `<StackDriftDetectionId>${id}</StackDriftDetectionId>`);
    }
    if (call.action === 'DescribeStackDriftDetectionStatus') return detectionStatus(call);
    if (call.action === 'DescribeStackResourceDrifts') return onePage(call, changed[stack] ?? {});
    return undefined;
  };
  proxy.after = (call, reply) =>
    call.action === 'DescribeStacks' ? { ...reply, body: withDrift(reply.body, statusOf) } : undefined;
}

function detection(stack: string, id: string, status: string, more = ''): string {
  return `<StackId>${stack}</StackId><StackDriftDetectionId>${id}</StackDriftDetectionId><DetectionStatus>${status}</DetectionStatus><Timestamp>${CHECKED}</Timestamp>${more}`;
}

/** One resource on each page, of those with a status that the call asks for. */
function onePage(call: AwsCall, changed: Readonly<Record<string, string>>): AwsReply {
  const filters = [1, 2, 3, 4].map((n) => parameter(call, `StackResourceDriftStatusFilters.member.${n}`));
  const found = Object.entries(changed).filter(([, status]) => filters.includes(status));
  const page = Number(parameter(call, 'NextToken') ?? 0);
  const [id = '', status = ''] = found[page] ?? [];
  const member = `<member><LogicalResourceId>${id}</LogicalResourceId><StackResourceDriftStatus>${status}</StackResourceDriftStatus><Timestamp>${CHECKED}</Timestamp></member>`;
  const next = page + 1 < found.length ? `<NextToken>${page + 1}</NextToken>` : '';
  return xml(call, `<StackResourceDrifts>${id === '' ? '' : member}</StackResourceDrifts>${next}`);
}

/** Adds what the last detection found to each stack; its time is absent until there was one. */
function withDrift(body: string, statusOf: (stack: string) => string): string {
  return body.replaceAll(/<StackName>([^<]+)<\/StackName>/g, (name, stack: string) => {
    const status = statusOf(stack);
    const time = status === 'NOT_CHECKED' ? '' : `<LastCheckTimestamp>${CHECKED}</LastCheckTimestamp>`;
    return `${name}<DriftInformation><StackDriftStatus>${status}</StackDriftStatus>${time}</DriftInformation>`;
  });
}
