// The methods of a contract: those that the policy defines for it, then the standards.
import type { Catalog, ContractDefinition } from '../catalog.js';
import { parseSignature, SignatureError } from './abi-type.js';
import { UNREADABLE } from './effects.js';
import { type Method, standardMethod } from './standards.js';

/**
 * Validates a signature of the policy.
 * @param signature such as `function swap(address tokenIn, uint256 amountIn)`
 * @returns what is wrong with it
 */
export function abiProblem(signature: string): string | undefined {
  try {
    parseSignature(signature);
    return undefined;
  } catch (error) {
    if (error instanceof SignatureError) return error.message;
    throw error;
  }
}

const compiled = new WeakMap<ContractDefinition, ReadonlyMap<string, Method>>();

/** Parses the signatures of a contract once for the life of a policy: each takes about 0.1 ms. */
function methodsOf(definition: ContractDefinition): ReadonlyMap<string, Method> {
  const known = compiled.get(definition);
  if (known !== undefined) return known;
  const methods = new Map(
    definition.abi.map((text): [string, Method] => {
      const signature = parseSignature(text);
      const standard = standardMethod(signature.selector);
      const isStandard = standard?.text === signature.text;
      return [
        signature.selector,
        { ...signature, effects: isStandard ? standard.effects : () => UNREADABLE },
      ];
    }),
  );
  compiled.set(definition, methods);
  return methods;
}

/** @param address in canonical form */
export function definitionOf(catalog: Catalog, chain: string | undefined, address: string) {
  return catalog.contracts.find((contract) => contract.address === address && contract.chain === chain);
}

/**
 * Finds a method of a contract. A definition of the policy prevails over a standard with the same selector.
 * @param address in canonical form
 * @param selector `0x` and eight hex digits
 */
export function methodOf(
  catalog: Catalog,
  chain: string | undefined,
  address: string,
  selector: string,
): Method | undefined {
  const definition = definitionOf(catalog, chain, address);
  return (definition && methodsOf(definition).get(selector)) ?? standardMethod(selector);
}
