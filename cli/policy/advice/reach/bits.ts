// Immutable sets of small whole numbers, for the values that a fact can still have.

export type Bits = Uint32Array;

export function fullBits(size: number): Bits {
  return bitsWhere(size, () => true);
}

export function bitsWhere(size: number, isMember: (index: number) => boolean): Bits {
  const bits = new Uint32Array((size + 31) >>> 5);
  for (let index = 0; index < size; index++) {
    if (isMember(index)) setBit(bits, index);
  }
  return bits;
}

/** Only for a set that is still being built. */
export function setBit(bits: Bits, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

export function hasBit(bits: Bits, index: number): boolean {
  return ((bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
}

export function intersects(one: Bits, other: Bits): boolean {
  for (let word = 0; word < one.length; word++) {
    if (((one[word] ?? 0) & (other[word] ?? 0)) !== 0) return true;
  }
  return false;
}

/** Whether all members of the first set are in the second. */
export function isWithin(one: Bits, other: Bits): boolean {
  for (let word = 0; word < one.length; word++) {
    if (((one[word] ?? 0) & ~(other[word] ?? 0)) !== 0) return false;
  }
  return true;
}

export function intersection(one: Bits, other: Bits): Bits {
  return one.map((word, index) => word & (other[index] ?? 0));
}

export function without(one: Bits, other: Bits): Bits {
  return one.map((word, index) => word & ~(other[index] ?? 0));
}

export function isEmpty(bits: Bits): boolean {
  return bits.every((word) => word === 0);
}

export function membersOf(bits: Bits): number[] {
  const members: number[] = [];
  for (let word = 0; word < bits.length; word++) {
    let rest = bits[word] ?? 0;
    while (rest !== 0) {
      const lowest = 31 - Math.clz32(rest & -rest);
      members.push(word * 32 + lowest);
      rest &= rest - 1;
    }
  }
  return members;
}

export function isSingle(bits: Bits): boolean {
  let found = false;
  for (const word of bits) {
    if (word === 0) continue;
    if (found || (word & (word - 1)) !== 0) return false;
    found = true;
  }
  return found;
}
