/** A statement under construction. Every value of a request becomes a parameter, never text. */
export class Values {
  readonly list: unknown[] = []

  /** The placeholder of a value. PostgreSQL infers its type from the surroundings, as it does for a literal. */
  add(value: string): string {
    this.list.push(value)
    return `$${this.list.length}`
  }
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
