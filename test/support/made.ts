export interface Made {
  /** A path, or the name of a database. */
  readonly place: string
  remove(): Promise<void>
}
