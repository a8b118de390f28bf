// Commands printed for the operator to run next. They work as printed: environment, region and profile are included.
import type { Session } from './session.js';

type Target = Pick<Session, 'environment' | 'profile' | 'region'>;

/** @returns `npm run COMMAND -- ARGUMENTS`, for this environment and profile */
export function npmCommand({ environment, profile }: Target, command: string, args = ''): string {
  const options = [args, `-e ${environment}`, ...(profile === undefined ? [] : [`-p ${profile}`])];
  return `npm run ${command} -- ${options.filter((option) => option !== '').join(' ')}`;
}

/** @returns an AWS CLI command, for this region and profile */
export function awsCommand({ region, profile }: Target, command: string): string {
  return `aws ${command} --region ${region}${profile === undefined ? '' : ` --profile ${profile}`}`;
}
