import { signal } from '@preact/signals'

/** What a key does, and how it is told of in the help. */
export interface Shortcut {
  readonly key: string
  readonly does: string
  readonly run: () => void
}

/** All that there are now; of two for one key the later one counts. */
export const keys = signal<readonly Shortcut[]>([])

/** Adds keys. They mean nothing while somebody types. @returns how to take them away */
export function addKeys(more: readonly Shortcut[]): () => void {
  keys.value = [...keys.peek(), ...more]
  return () => {
    keys.value = keys.peek().filter((each) => !more.includes(each))
  }
}

addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
  const shortcut = keys.peek().findLast(({ key }) => key === event.key)
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut.run()
})

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
