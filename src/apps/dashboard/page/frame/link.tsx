import type { ComponentChildren } from 'preact'
import { addressOf, go, type Route } from './route.ts'

/** A link within the page. It has a real address, so that you can copy it or open it in another tab. */
export function Link({
  to,
  children,
  ...rest
}: {
  readonly to: Partial<Route>
  readonly children: ComponentChildren
  readonly class?: string
  readonly title?: string
  readonly 'aria-current'?: 'page' | 'true' | undefined
}) {
  return (
    <a
      {...rest}
      href={addressOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        go(to)
      }}
    >
      {children}
    </a>
  )
}
