/** A broken promise of the contract, by the number of its invariant; 0 for a crash of the parts themselves. */
export class Violation extends Error {
  readonly invariant: number;
  /** The persona concerned; "" if it is nobody's own. */
  readonly address: string;

  constructor(invariant: number, address: string, message: string) {
    super(message);
    this.name = "Violation";
    this.invariant = invariant;
    this.address = address;
  }
}
