import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

export interface Dragging {
  /** The job that is dragged. */
  readonly dragged: Signal<string | null>
  /** The job that it would be put before. */
  readonly over: Signal<string | null>
  /** A row is pressed. A mouse takes it anywhere, a finger by its handle alone: elsewhere a finger scrolls. */
  press(event: PointerEvent, jobId: string): void
}

/**
 * Rows of a list that are dragged onto each other, by mouse, stylus or finger.
 * @param onDrop a job was let go over the one that it is to stand before
 */
export function useDragging(onDrop: (jobId: string, before: string) => void): Dragging {
  const dragged = useSignal<string | null>(null)
  const over = useSignal<string | null>(null)
  const drag = useRef<Drag | null>(null)
  useEffect(() => () => drag.current?.end(), [])
  const press = (event: PointerEvent, jobId: string) => {
    const { target, pointerType, button } = event
    if (!(target instanceof Element) || button !== 0) return
    if (pointerType === 'touch' && target.closest('.handle') === null) return
    const list = target.closest<HTMLElement>('.windowed')
    if (list === null) return
    drag.current?.end()
    drag.current = new Drag(event, { jobId, list, dragged, over, onDrop })
  }
  return { dragged, over, press }
}

/** A press that moves less than this is a click, in pixels. */
const CLICK = 4
/** So near to its edge, in pixels, the list scrolls under what is dragged, by so much each frame. */
const EDGE = { near: 36, step: 8 }

interface DragOf extends Pick<Dragging, 'dragged' | 'over'> {
  readonly jobId: string
  readonly list: HTMLElement
  readonly onDrop: (jobId: string, before: string) => void
}

/** From a press until it is let go, by Escape too. */
class Drag {
  readonly #of: DragOf
  readonly #from: Pick<PointerEvent, 'clientX' | 'clientY' | 'pointerId'>
  readonly #over = new AbortController()
  #at: Pick<PointerEvent, 'clientX' | 'clientY'>
  #frame = 0

  constructor(from: PointerEvent, of: DragOf) {
    this.#of = of
    this.#from = from
    this.#at = from
    const { signal } = this.#over
    addEventListener('pointermove', (event) => this.#move(event), { signal })
    addEventListener('pointerup', () => this.#drop(), { signal })
    addEventListener('pointercancel', () => this.end(), { signal })
    addEventListener('keydown', ({ key }) => key === 'Escape' && this.end(), { signal })
  }

  end(): void {
    this.#over.abort()
    cancelAnimationFrame(this.#frame)
    this.#of.dragged.value = null
    this.#of.over.value = null
  }

  #move(event: PointerEvent): void {
    this.#at = event
    if (this.#of.dragged.peek() === null && !this.#begins()) return
    this.#look()
  }

  #begins(): boolean {
    const { clientX, clientY, pointerId } = this.#from
    if (Math.hypot(this.#at.clientX - clientX, this.#at.clientY - clientY) < CLICK) return false
    // The row that was pressed may scroll out of the page: the list keeps the pointer.
    this.#of.list.setPointerCapture(pointerId)
    this.#of.dragged.value = this.#of.jobId
    this.#scroll()
    return true
  }

  #drop(): void {
    const { dragged, over, onDrop } = this.#of
    const [moved, before] = [dragged.peek(), over.peek()]
    this.end()
    if (moved !== null && before !== null && moved !== before) onDrop(moved, before)
  }

  /** Which row is under the pointer. */
  #look(): void {
    const { list, over } = this.#of
    const row = document
      .elementFromPoint(this.#at.clientX, this.#at.clientY)
      ?.closest<HTMLElement>('[data-job]')
    over.value = row !== null && row !== undefined && list.contains(row) ? (row.dataset['job'] ?? null) : null
  }

  #scroll(): void {
    const { list } = this.#of
    const { top, bottom } = list.getBoundingClientRect()
    const y = this.#at.clientY
    const by = y < top + EDGE.near ? -EDGE.step : y > bottom - EDGE.near ? EDGE.step : 0
    if (by !== 0) {
      list.scrollBy(0, by)
      this.#look()
    }
    this.#frame = requestAnimationFrame(() => this.#scroll())
  }
}
