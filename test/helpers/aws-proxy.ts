// A proxy between a command and moto_server: records every AWS call, and lets a test make it fail or reply to it.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { OPERATOR_KEY, recordOperatorCall } from './operator-calls.js';
import { listen } from './port.js';
import type { Scope } from './scope.js';

export interface AwsCall {
  /** The service named in the signature: `cloudformation`, `ssm`, … */
  readonly service: string;
  /** For example `CreateStack`; for S3, method and path. */
  readonly action: string;
  /** The path and the query. */
  readonly url: string;
  readonly body: string;
}

export interface AwsReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Intervention = AwsReply | undefined | Promise<AwsReply | undefined>;

export interface AwsProxy {
  readonly endpoint: string;
  readonly calls: AwsCall[];
  /** Called before a call is forwarded. If it returns a reply, the call is not forwarded. */
  before: (call: AwsCall) => Intervention;
  /** Called before moto's reply is returned. If it returns a reply, that one is returned instead. */
  after: (call: AwsCall, reply: AwsReply) => Intervention;
}

/** @param options.keepAliveMs how long connections may be idle. @default 5 s, as in Node.js */
export async function awsProxy(t: Scope, target: string, { keepAliveMs = 5000 } = {}): Promise<AwsProxy> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const raw = Buffer.concat(chunks);
        const { method = 'GET', url = '/', headers } = request;
        const call = callOf(method, url, headers, raw.toString('latin1'));
        proxy.calls.push(call);
        recordIfOperator(call, headers);
        const reply = (await proxy.before(call)) ?? (await forward(call));
        const content = Buffer.from(reply.body, 'latin1');
        // S3 always says how long an object is.
        const length = method === 'HEAD' ? {} : { 'content-length': content.byteLength };
        response.writeHead(reply.status, { ...reply.headers, ...length }).end(content);

        async function forward(call: AwsCall): Promise<AwsReply> {
          const answer = await fetch(`${target}${url}`, {
            method,
            headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
              ['connection', 'content-length', 'transfer-encoding', 'expect'].includes(name)
                ? []
                : [[name, String(value)]],
            ),
            ...(raw.length > 0 && { body: raw }),
          });
          const moto = {
            status: answer.status,
            body: Buffer.from(await answer.arrayBuffer()).toString('latin1'),
            headers: Object.fromEntries(
              [...answer.headers].filter(
                ([name]) => !/^(connection|content-length|content-encoding|transfer-encoding)$/.test(name),
              ),
            ),
          };
          return (await proxy.after(call, moto)) ?? moto;
        }
      })().catch(() => response.destroy());
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  const proxy: AwsProxy = {
    endpoint: `http://${await listen(t, server)}`,
    calls: [],
    before: () => undefined,
    after: () => undefined,
  };
  return proxy;
}

function recordIfOperator(call: AwsCall, headers: IncomingHttpHeaders): void {
  const [, key, region = ''] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  if (key !== OPERATOR_KEY) return;
  const bypassesGovernance = headers['x-amz-bypass-governance-retention'] === 'true';
  recordOperatorCall({ ...call, region, bypassesGovernance });
}

function callOf(method: string, url: string, headers: IncomingHttpHeaders, body: string): AwsCall {
  const service =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'unknown';
  const target = headers['x-amz-target'];
  const action =
    typeof target === 'string'
      ? target.split('.').at(-1)
      : (new URLSearchParams(body).get('Action') ?? `${method} ${url.split('?')[0] ?? ''}`);
  return { service, action: action ?? '', url, body };
}

/** @returns a query API parameter, such as StackName */
export function parameter(call: AwsCall, name: string): string | undefined {
  return new URLSearchParams(call.body).get(name) ?? undefined;
}

/** Whether the call changes something in AWS. */
export function isMutating({ action }: AwsCall): boolean {
  return /^(Create|Update|Delete|Put|Import|Start|Modify|Register|Revoke|PUT |POST |DELETE )/.test(action);
}

export function json(value: unknown, status = 200): AwsReply {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/x-amz-json-1.1' } };
}

/** @returns an error in the format of the call's API */
export function awsError({ service }: AwsCall, code: string, message: string, status = 400): AwsReply {
  if (['cloudformation', 'elasticloadbalancing', 'route53', 'sts', 'ec2'].includes(service)) {
    return {
      status,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
      headers: { 'content-type': 'text/xml' },
    };
  }
  return json({ __type: code, message }, status);
}

/** @returns a query API result, as XML */
export function xml({ action }: AwsCall, result: string): AwsReply {
  return {
    status: 200,
    body: `<${action}Response><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
    headers: { 'content-type': 'text/xml' },
  };
}
