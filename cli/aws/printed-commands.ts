// Commands for the operator to run next, which work as they are printed: with this environment, region and profile.
import type { Session } from './session.js';

type Where = Pick<Session, 'environment' | 'profile' | 'region'>;

/** @param command as in `npm run COMMAND -- ARGUMENTS` */
export function npmCommand({ environment, profile }: Where, command: string, args = ''): string {
  const options = [args, `-e ${environment}`, ...(profile === undefined ? [] : [`-p ${profile}`])];
  return `npm run ${command} -- ${options.filter((option) => option !== '').join(' ')}`;
}

export function awsCommand({ region, profile }: Where, command: string): string {
  return `aws ${command} --region ${region}${profile === undefined ? '' : ` --profile ${profile}`}`;
}
