// Reports on invalid policies, for the tests of messages.
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';

/** The report about an invalid policy; empty if it is valid. */
export function reportOn(text: string): string {
  try {
    parsePolicy(text, 'policy.yaml');
    return '';
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}

/** A policy with one rule, whose condition is in line 7 from column 11. */
export const withRule = (when: string): string => `version: 1
lists:
  payees: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]
rules:
  - id: a
    for: transaction
    when: ${when}
    action: approve
`;
