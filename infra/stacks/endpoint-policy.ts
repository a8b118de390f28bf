// Statements in the policies of VPC endpoints.
import * as iam from 'aws-cdk-lib/aws-iam';

export interface EndpointStatement {
  readonly actions: string[];
  readonly resources: string[];
  /**
   * Allows callers from any account: for files that AWS serves publicly or through its own presigned URLs.
   * @default false - only callers from this account
   */
  readonly anyAccount?: boolean;
}

/** @param account the only one whose callers are allowed */
export function toPolicyStatement(
  { actions, resources, anyAccount = false }: EndpointStatement,
  account: string,
): iam.PolicyStatement {
  return new iam.PolicyStatement({
    principals: [new iam.AnyPrincipal()],
    actions,
    resources,
    ...(!anyAccount && { conditions: { StringEquals: { 'aws:PrincipalAccount': account } } }),
  });
}
