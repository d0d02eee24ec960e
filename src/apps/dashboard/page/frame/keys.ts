import { signal } from '@preact/signals'

/** What a key does, and its line in the help. */
export interface Shortcut {
  readonly key: string
  readonly does: string
  readonly run: () => void
}

/** The present shortcuts. If two have the same key, the later one counts. */
export const keys = signal<readonly Shortcut[]>([])

/** Adds shortcuts. They are off while the user types. @returns the function that removes them */
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
