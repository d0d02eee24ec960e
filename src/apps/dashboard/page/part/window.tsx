import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** Rows above and below the visible ones, so that scrolling shows no gap. */
const MARGIN = 8

/** A list that renders only its visible rows: ten thousand rows cost as much as thirty. */
export function WindowedList({
  count,
  rowHeight,
  row,
  label,
}: {
  readonly count: number
  /** In pixels; all rows have the same height. */
  readonly rowHeight: number
  readonly row: (index: number) => ComponentChildren
  readonly label: string
}) {
  const box = useRef<HTMLElement>(null)
  const [seen, setSeen] = useState({ first: 0, rows: 40 })
  const look = () => {
    if (box.current === null) return
    const first = Math.max(0, Math.floor(box.current.scrollTop / rowHeight) - MARGIN)
    const rows = Math.ceil(box.current.clientHeight / rowHeight) + 2 * MARGIN
    setSeen((was) => (was.first === first && was.rows === rows ? was : { first, rows }))
  }
  // It grows with what it holds, and with the window.
  useEffect(() => {
    const again = new ResizeObserver(look)
    if (box.current !== null) again.observe(box.current)
    return () => again.disconnect()
  }, [rowHeight])
  const first = Math.min(seen.first, Math.max(0, count - seen.rows))
  const indexes = Array.from({ length: Math.max(0, Math.min(seen.rows, count - first)) }, (_, i) => first + i)
  return (
    <section
      class="windowed"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by the keyboard
      tabIndex={0}
      ref={box}
      onScroll={look}
    >
      <ol style={{ height: `${count * rowHeight}px`, paddingTop: `${first * rowHeight}px` }}>
        {indexes.map((index) => row(index))}
      </ol>
    </section>
  )
}
