/**
 * What is made when it is first used. A schema is some tens of objects and functions, and most of what a process does needs
 * none of them: the usual shapes are checked by their fields.
 */
export function lazily<Made extends object>(make: () => Made): () => Made {
  let made: Made | undefined
  return () => {
    made ??= make()
    return made
  }
}
