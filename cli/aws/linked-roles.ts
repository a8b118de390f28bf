// The service-linked roles that AWS services need in the account. ECS would create its own with the first cluster, and
// the cluster then often fails, because it takes seconds until a new role can be used.
import { CreateServiceLinkedRoleCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

type Client = Pick<Session, 'aws'>;

/**
 * @param services such as `ecs.amazonaws.com`
 * @returns those that have no role yet; undefined if the credentials may not list roles
 */
export async function missingRoles(
  { aws }: Client,
  services: readonly string[],
): Promise<readonly string[] | undefined> {
  try {
    const found = await Promise.all(
      services.map((service) =>
        aws.iam.send(new ListRolesCommand({ PathPrefix: `/aws-service-role/${service}/` })),
      ),
    );
    return services.filter((_, index) => (found[index]?.Roles ?? []).length === 0);
  } catch (error) {
    if (isAwsError(error, 'AccessDenied', 'AccessDeniedException')) return undefined;
    throw error;
  }
}

/** Creates the role. Does nothing if it exists. */
export async function createLinkedRole({ aws }: Client, service: string): Promise<void> {
  try {
    await aws.iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: service }));
  } catch (error) {
    // IAM reports an existing role as invalid input: "has been taken in this account".
    const exists =
      isAwsError(error, 'EntityAlreadyExists') ||
      (isAwsError(error, 'InvalidInput', 'InvalidInputException') &&
        (error as Error).message.includes('has been taken'));
    if (!exists) throw error;
  }
}
