import { expect, it } from 'vitest'
import {
  type ErrorCode,
  errorCodes,
  InterlockError,
  isAttemptOver,
  isInterlockError,
  isOfStore,
  isOutage,
  isPassing,
  isRefusal,
} from '../../../src/engine/core/index.ts'

const codesOf = (is: (error: unknown) => boolean): readonly ErrorCode[] =>
  errorCodes.filter((code) => is(new InterlockError(code, code)))

it('a failure is passing, of the store, a refusal, or the end of an attempt by its code alone', () => {
  expect(codesOf(isOutage)).toEqual(['store_unavailable'])
  expect(codesOf(isPassing)).toEqual(['store_unavailable', 'clock_unsteady', 'contention'])
  expect(codesOf(isOfStore)).toEqual([
    'store_unavailable',
    'store_unwritable',
    'clock_unsteady',
    'contention',
  ])
  expect(codesOf(isRefusal)).toEqual([
    'invalid_input',
    'job_exists',
    'job_not_live',
    'job_not_active',
    'stale_token',
    'not_holder',
    'job_ending',
    'models_required',
    'unknown_model',
    'fits_no_place',
    'use_over_limit',
    'parent_unknown',
    'parents_too_large',
    'flow_cycle',
    'fair_share_limit',
    'schedule_owned',
    'schedule_unknown',
    'command_reused',
  ])
  expect(codesOf(isAttemptOver)).toEqual([
    'job_not_active',
    'stale_token',
    'log_went_back',
    'unknown_event',
    'database_newer',
  ])
})

it('a server that takes no writes may be followed by one that does, so that is passing; a lack of rights is not', () => {
  const of = (sqlstate: string) => new InterlockError('store_unwritable', 'no', { sqlstate })
  expect([isPassing(of('25006')), isPassing(of('42501'))]).toEqual([true, false])
  expect(isOutage(of('25006'))).toBe(false)
})

it('what is no failure of Interlock is none of these', () => {
  const error = new Error('store_unavailable')
  expect([isOutage, isPassing, isOfStore, isRefusal, isAttemptOver].map((is) => is(error))).toEqual(
    Array(5).fill(false),
  )
})

it('isInterlockError knows its own errors, of any code or of one', () => {
  const error: unknown = new InterlockError('closed', 'it was closed')
  expect([
    isInterlockError(error),
    isInterlockError(error, 'closed'),
    isInterlockError(error, 'aborted'),
  ]).toEqual([true, true, false])
  expect(isInterlockError(new Error('closed'))).toBe(false)
})
