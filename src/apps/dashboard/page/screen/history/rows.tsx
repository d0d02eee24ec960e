import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { MICROS_PER_MS } from '../../../../../engine/core/index.ts'
import { count, duration, plural } from '../../../../../tools/format/index.ts'
import { countUpTo, panned, type ShownPeriod, zoomed } from '../../data/period.ts'
import type { ModelTime, Span } from '../../data/spans.ts'
import { usePage } from '../../frame/context.ts'
import { go, route } from '../../frame/route.ts'
import { momentText } from '../../frame/time.ts'
import { JobLink, ModelLink } from '../../part/names.tsx'
import { AXIS, type Drawing, draw, ROW, spanAt } from './draw.ts'
import { countsOf } from './order.ts'

/** Rows beyond what is seen: the next one is there when the focus comes to it. */
const MARGIN = 3

type ChangePeriod = (next: (now: ShownPeriod) => ShownPeriod) => void

/** A row per model, of which those that are seen are drawn: the sheet stays where it is, and the rows go by under it. */
export function Rows({
  rows,
  period,
  change,
}: {
  readonly rows: readonly ModelTime[]
  readonly period: ShownPeriod
  readonly change: ChangePeriod
}) {
  const box = useRef<HTMLElement>(null)
  const seen = useSeen(box, rows.length)
  const total = AXIS + rows.length * ROW
  const height = Math.min(total, seen.height)
  const first = Math.max(0, Math.floor(seen.top / ROW) - MARGIN)
  const some = rows.slice(first, first + Math.ceil(height / ROW) + 2 * MARGIN)
  const { job } = route.value
  /** A row that gets the focus at the edge comes into sight as a whole. */
  const reveal = (index: number) => {
    const { current } = box
    if (current === null) return
    const [most, least] = [index * ROW, AXIS + (index + 1) * ROW - current.clientHeight]
    current.scrollTop = Math.min(most, Math.max(least, current.scrollTop))
    seen.look()
  }
  return (
    <>
      <section
        class="rows"
        ref={box}
        aria-label="The models"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by the keyboard
        tabIndex={0}
        onScroll={seen.look}
      >
        <div style={{ height: `${total}px` }}>
          <div class="sheet" style={{ height: `${height}px` }}>
            <div class="names">
              <ol class="labels" style={{ transform: `translateY(${first * ROW - seen.top}px)` }}>
                {some.map((row, n) => (
                  <Label key={row.model} row={row} onFocus={() => reveal(first + n)} />
                ))}
              </ol>
            </div>
            <Canvas rows={rows} period={period} change={change} top={seen.top} height={height} />
          </div>
        </div>
      </section>
      {job === null ? null : (
        <p class="chosen">
          <JobLink id={job} />{' '}
          <span class="dim">is highlighted; click its name to see why it waits or how it ended</span>
        </p>
      )}
    </>
  )
}

/** How far the box is scrolled, and how much of it is seen, in pixels. */
function useSeen(box: RefObject<HTMLElement | null>, rows: number) {
  const top = useSignal(0)
  const height = useSignal(0)
  const look = () => {
    top.value = box.current?.scrollTop ?? 0
    height.value = box.current?.clientHeight ?? 0
  }
  useLayoutEffect(look, [rows])
  useEffect(() => {
    const again = new ResizeObserver(look)
    if (box.current !== null) again.observe(box.current)
    return () => again.disconnect()
  }, [])
  return { top: top.value, height: height.value, look }
}

function Label({ row, onFocus }: { readonly row: ModelTime; readonly onFocus: () => void }) {
  const { held, waiting } = countsOf(usePage().shown.ledger.value, row.model)
  return (
    <li data-model={row.model} data-held={held} data-waiting={waiting} onFocusCapture={onFocus}>
      <ModelLink name={row.model} />
      <span class="dim">
        <span>{count(held)} in use,</span> <span>{count(waiting)} waiting</span>
      </span>
    </li>
  )
}

function Canvas({
  rows,
  period,
  change,
  top,
  height,
}: {
  readonly rows: readonly ModelTime[]
  readonly period: ShownPeriod
  readonly change: ChangePeriod
  readonly top: number
  readonly height: number
}) {
  const { live, shown } = usePage()
  const canvas = useRef<HTMLCanvasElement>(null)
  const drawing = useRef<Drawing | null>(null)
  const over = useSignal<Pointed | null>(null)
  const { job, than } = route.value
  const now = Math.max(live.replica.head.lastAt, shown.isLive.value ? live.now() : 0)
  useEffect(() => {
    if (canvas.current === null) return
    const marks = [
      ...(than === null ? [] : [live.replica.event(than)?.at ?? 0]),
      ...(shown.isLive.peek() ? [] : [shown.ledger.peek().lastAt]),
    ]
    drawing.current = { canvas: canvas.current, rows, period, now, marks, job, top, height }
    draw(drawing.current)
  })
  useEffect(() => {
    const again = new ResizeObserver(() => drawing.current !== null && draw(drawing.current))
    if (canvas.current !== null) again.observe(canvas.current)
    return () => again.disconnect()
  }, [])
  const at = (event: MouseEvent) => {
    const { width } = canvas.current?.getBoundingClientRect() ?? { width: 1 }
    const [x, y] = [event.offsetX, event.offsetY]
    const span = drawing.current === null ? undefined : spanAt(drawing.current, x, y, width)
    return { part: x / width, span, x, y, isRight: x > width / 2, isLow: y > height / 2 }
  }
  const drag = usePanning(change, ({ part, span }) => {
    if (span !== undefined) return go({ job: span.jobId })
    const time = period.from + part * (period.to - period.from)
    const { events, base, version } = live.replica
    const seq = base + countUpTo(events, time, (event) => event.at)
    go({ at: seq >= version ? null : seq })
  })
  return (
    <div class="canvas">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Who held which model: ${plural(rows.length, 'model')}`}
        style={{ height: `${height}px` }}
        onWheel={(event) => {
          if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) return
          event.preventDefault()
          const { part } = at(event)
          change((old) =>
            event.ctrlKey
              ? zoomed(old, event.deltaY > 0 ? 1.2 : 1 / 1.2, part)
              : panned(old, (event.deltaX || event.deltaY) / 800),
          )
        }}
        onPointerDown={drag.down}
        onPointerMove={(event) => {
          const { span, ...place } = at(event)
          over.value = span === undefined ? null : { span, ...place }
          drag.move(event)
        }}
        onPointerUp={(event) => drag.up(at(event))}
        onPointerLeave={() => (over.value = null)}
      />
      {over.value === null ? null : <Tip {...over.value} height={height} />}
    </div>
  )
}

interface Pointed {
  readonly span: Span
  readonly x: number
  readonly y: number
  readonly isRight: boolean
  readonly isLow: boolean
}

type PointedAt = { readonly part: number; readonly span: Span | undefined }

/** Moves the period with the pointer; a press without a move is a click. */
function usePanning(change: ChangePeriod, onClick: (place: PointedAt) => void) {
  const from = useRef<number | null>(null)
  const moved = useRef(false)
  return {
    down: (event: PointerEvent) => {
      from.current = event.clientX
      moved.current = false
    },
    move: (event: PointerEvent) => {
      if (from.current === null || !(event.currentTarget instanceof HTMLElement)) return
      const by = event.clientX - from.current
      if (Math.abs(by) < 4 && !moved.current) return
      moved.current = true
      from.current = event.clientX
      const width = event.currentTarget.clientWidth
      change((now) => panned(now, -by / width))
    },
    up: (place: PointedAt) => {
      from.current = null
      if (!moved.current) onClick(place)
    },
  }
}

/** Beside the pointer, on the side where there is room. */
function Tip({ span, x, y, isRight, isLow, height }: Pointed & { readonly height: number }) {
  const length = span.to === null ? 'goes on' : duration((span.to - span.from) / MICROS_PER_MS)
  return (
    <div
      class="tip"
      role="tooltip"
      style={{
        ...(isRight ? { right: `calc(100% - ${x}px)` } : { left: `${x}px` }),
        ...(isLow ? { bottom: `${height - y + 12}px` } : { top: `${y + 16}px` }),
      }}
    >
      <b>{span.jobId}</b>
      <span>
        from {momentText(span.from)}, {length}
      </span>
    </div>
  )
}
