import { signal } from '@preact/signals'
import type { Lever, PreviewDocument, PulledDocument } from '../../parts.ts'
import { ApiError, ofQueue, postJson } from './api.ts'

/** A lever that somebody wants to pull. */
export interface Wish {
  readonly lever: Lever
  /** What is about to happen, as a title: `Cancel job report-7`. */
  readonly title: string
  readonly body: Readonly<Record<string, unknown>>
  /** Is told when it has happened. */
  readonly onDone?: () => void
}

/** How far it is: first it is said what would happen, then somebody says yes. */
export type Asked =
  | { readonly step: 'looking'; readonly wish: Wish }
  | { readonly step: 'asking' | 'pulling'; readonly wish: Wish; readonly preview: PreviewDocument }
  | { readonly step: 'done'; readonly wish: Wish; readonly done: PulledDocument }
  | { readonly step: 'refused'; readonly wish: Wish; readonly code: string; readonly message: string }

/** What is asked now; null: nothing. */
export const asked = signal<Asked | null>(null)

const pathOf = (queue: string, { lever }: Wish) => ofQueue(queue, 'levers', lever)

/** Shows what pulling a lever would do. */
export async function ask(queue: string, wish: Wish): Promise<void> {
  asked.value = { step: 'looking', wish }
  await orRefused(wish, async () => {
    const preview = await postJson<PreviewDocument>(pathOf(queue, wish), { ...wish.body, preview: true })
    asked.value =
      preview.refusal === null
        ? { step: 'asking', wish, preview }
        : { step: 'refused', wish, ...preview.refusal }
  })
}

/** Pulls the lever that is asked about. */
export async function pull(queue: string): Promise<void> {
  const now = asked.peek()
  if (now?.step !== 'asking') return
  const { wish, preview } = now
  asked.value = { step: 'pulling', wish, preview }
  await orRefused(wish, async () => {
    const done = await postJson<PulledDocument>(pathOf(queue, wish), wish.body)
    asked.value = { step: 'done', wish, done }
    wish.onDone?.()
  })
}

async function orRefused(wish: Wish, doing: () => Promise<void>): Promise<void> {
  try {
    await doing()
  } catch (error) {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    asked.value = { step: 'refused', wish, code, message }
  }
}
