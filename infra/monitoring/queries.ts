// Saved queries for CloudWatch Logs Insights.
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** @param folder the console folder for the queries */
export function saveQueries(scope: Construct, folder: string, logGroup: logs.ILogGroup): void {
  const save = (name: string, queryString: logs.QueryStringProps): void => {
    new logs.QueryDefinition(scope, `query-${name}`, {
      queryDefinitionName: `${folder}/${name}`,
      queryString: new logs.QueryString(queryString),
      logGroups: [logGroup],
    });
  };
  save('decisions-by-rule', {
    filterStatements: ['event = "decision"'],
    statsStatements: ['count(*) as decisions, max(durationMs) as slowestMs by action, rule, policy'],
    sort: 'decisions desc',
  });
  save('one-request', {
    fields: ['@timestamp', 'event', 'action', 'rule', 'reason', 'code', 'cause', '@message'],
    filterStatements: ['requestId = "REQUEST-ID" or txId = "REQUEST-ID" or traceId = "REQUEST-ID"'],
    sort: '@timestamp asc',
  });
  save('refusals', {
    filterStatements: ['event = "refused"'],
    statsStatements: ['count(*) as refusals, max(@timestamp) as last by code, cause, remoteAddress, path'],
    sort: 'refusals desc',
  });
}
