import { signal } from '@preact/signals'
import type { PreviewDocument, PulledDocument, UndoDocument } from '../../api/lever-documents.ts'
import type { ChangedDocument, ChangePreviewDocument } from '../../api/many-documents.ts'
import type { Lever } from '../../guard/grant.ts'
import { ApiError, ofQueue, postJson } from './api.ts'

/** A lever that the user wants to pull. */
export interface LeverRequest {
  readonly lever: Lever
  /** What is about to happen, as a title: `Cancel job report-7`. */
  readonly title: string
  readonly body: Readonly<Record<string, unknown>>
  /** Called when it has happened. */
  readonly onDone?: () => void
}

/** A change of all jobs that a filter names. */
export interface ManyRequest extends Pick<LeverRequest, 'lever' | 'onDone'> {
  /** What is done to them: `Cancel`. */
  readonly verb: string
  /** As `previewChange` of `interlock-queue/operate` takes it. */
  readonly change: Readonly<Record<string, unknown>>
  readonly filter: Readonly<Record<string, unknown>>
}

type PullRequest = LeverRequest | ManyRequest

/** The steps of a pull: first a preview, then the user confirms. */
export type PullStep =
  | { readonly step: 'looking'; readonly request: PullRequest }
  | {
      readonly step: 'asking' | 'pulling'
      readonly request: PullRequest
      readonly preview: PreviewDocument | ChangePreviewDocument
      /** Somebody has changed the queue since the user was asked: this is what it would do now. */
      readonly isOvertaken: boolean
    }
  | { readonly step: 'done'; readonly request: PullRequest; readonly done: PulledDocument | ChangedDocument }
  | {
      readonly step: 'refused'
      readonly request: PullRequest
      readonly code: string
      readonly message: string
    }

/** The lever that the user is asked about; null: none. */
export const asked = signal<PullStep | null>(null)

/** What was done last, with what puts it back; null: it cannot be put back, or not any more. */
export const undoable = signal<{
  readonly queue: string
  readonly title: string
  readonly undo: UndoDocument
} | null>(null)

/** Shows what a pull would do. @param isOvertaken the user has been asked before */
export async function ask(queue: string, request: PullRequest, isOvertaken = false): Promise<void> {
  asked.value = { step: 'looking', request }
  await orRefused(request, async () => {
    const preview = await looked(queue, request)
    // Somebody who has left it meanwhile is not asked after all.
    if (asked.peek()?.request !== request) return
    const refusal = 'refusal' in preview ? preview.refusal : null
    asked.value =
      refusal === null
        ? { step: 'asking', request, preview, isOvertaken }
        : { step: 'refused', request, ...refusal }
  })
}

/** Pulls the lever that the user was asked about. If it would do something else by now, the user is asked again. */
export async function pull(queue: string): Promise<void> {
  const now = asked.peek()
  if (now?.step !== 'asking') return
  const { request, preview } = now
  asked.value = { ...now, step: 'pulling' }
  await orRefused(request, async () => {
    try {
      const done = await pulled(queue, request, preview)
      asked.value = { step: 'done', request, done }
      undoable.value =
        'title' in request && 'undo' in done && done.undo !== null
          ? { queue, title: request.title, undo: done.undo }
          : null
      request.onDone?.()
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'overtaken') throw error
      await ask(queue, request, true)
    }
  })
}

const pathOf = (queue: string, request: PullRequest) =>
  'filter' in request ? ofQueue(queue, 'changes') : ofQueue(queue, 'levers', request.lever)

const looked = (queue: string, request: PullRequest): Promise<PreviewDocument | ChangePreviewDocument> =>
  'filter' in request
    ? postJson(pathOf(queue, request), { change: request.change, filter: request.filter })
    : postJson(pathOf(queue, request), { ...request.body, preview: true })

/** Of many jobs, those that have changed since the preview are left out: nobody is asked again. */
const pulled = (
  queue: string,
  request: PullRequest,
  preview: PreviewDocument | ChangePreviewDocument,
): Promise<PulledDocument | ChangedDocument> =>
  'filter' in request || !('mark' in preview)
    ? postJson(pathOf(queue, request), { preview })
    : postJson(pathOf(queue, request), {
        ...request.body,
        expected: { version: preview.version, mark: preview.mark },
      })

async function orRefused(request: PullRequest, doing: () => Promise<void>): Promise<void> {
  try {
    await doing()
  } catch (error) {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    // Only what puts something back is refused so: others are asked about again.
    if (code === 'overtaken') undoable.value = null
    asked.value = { step: 'refused', request, code, message }
  }
}
