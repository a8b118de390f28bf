// Preloaded into the handler: sets its clock one hour ahead.
const HOUR_MS = 3_600_000;
const RealDate = Date;
const now = () => RealDate.now() + HOUR_MS;
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now() {
    return now();
  }
};
