// Why something could not be checked.

/** Something that the check depends on is missing, which another check reports. */
export class NotChecked extends Error {}
