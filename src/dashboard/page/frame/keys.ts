/** What a key does, and how it is told of in the help. */
export interface Shortcut {
  readonly key: string
  readonly does: string
  readonly run: () => void
}

const shortcuts: Shortcut[] = []

/** Adds keys. They mean nothing while somebody types. @returns how to take them away */
export function addKeys(more: readonly Shortcut[]): () => void {
  shortcuts.push(...more)
  return () => {
    for (const each of more) shortcuts.splice(shortcuts.indexOf(each), 1)
  }
}

/** All that there are now, for the help. */
export const keys = (): readonly Shortcut[] => shortcuts

addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
  const shortcut = shortcuts.findLast(({ key }) => key === event.key)
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut.run()
})

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
