import { type Signal, useSignal } from '@preact/signals'

export interface Dragging {
  /** The job that is dragged. */
  readonly dragged: Signal<string | null>
  /** The job that it would be put before. */
  readonly over: Signal<string | null>
  /** What the element of a job is given. */
  handlersOf(jobId: string): {
    onDragStart(event: DragEvent): void
    onDragOver(event: DragEvent): void
    onDragEnd(): void
    onDrop(event: DragEvent): void
  }
}

/** Jobs that are dragged onto each other. @param onDrop a job was let go over the one that it is to stand before */
export function useDragging(onDrop: (jobId: string, before: string) => void): Dragging {
  const dragged = useSignal<string | null>(null)
  const over = useSignal<string | null>(null)
  const end = () => {
    dragged.value = null
    over.value = null
  }
  const handlersOf: Dragging['handlersOf'] = (jobId) => ({
    onDragStart: (event) => {
      dragged.value = jobId
      event.dataTransfer?.setData('text/plain', jobId)
    },
    onDragOver: (event) => {
      if (dragged.peek() === null) return
      event.preventDefault()
      over.value = jobId
    },
    onDragEnd: end,
    onDrop: (event) => {
      event.preventDefault()
      const moved = dragged.peek()
      end()
      if (moved !== null) onDrop(moved, jobId)
    },
  })
  return { dragged, over, handlersOf }
}
