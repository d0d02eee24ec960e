// Slow, waits 17 s: each lever, by mouse and keyboard.
/** Levers in a real browser: each says first what it would do, and the log has it afterwards under the name of who pulled it. */
import type { Locator, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../../src/engine/coordinator/index.ts'
import { browserForAll, goTo, opened, served } from '../../../servers/dashboard/browser/browser.ts'
import { viewer } from '../../../servers/dashboard/support.ts'
import { sceneOf } from './scene.ts'

const browser = browserForAll()

async function atLevers() {
  const { store, ledger, run } = await sceneOf({ seconds: 300, jobs: 60, waiting: 8 })
  const { address } = await served({ store })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  const lastEvent = async () =>
    (await store.read('default', (await store.read('default', 0, 1)).version - 1, 1)).events[0]
  return { store, ledger, run, page, lastEvent }
}

it('a job is dragged before another, after a preview, and by the keys', async () => {
  const { ledger, page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers')
  const [first, second, third] = [0, 1, 2].map((at) => ledger().line.at(at)?.jobId ?? '')
  const row = (jobId: string | undefined) => `[aria-labelledby=reorder] [data-job=${jobId}]`
  await page.waitForSelector(row(third))
  // A drag on a machine that is busy may be over before the browser has said where it leads to.
  await expect
    .poll(async () => {
      const isAsked = await page.locator('dialog.ask').isVisible()
      if (!isAsked) await page.dragAndDrop(row(third), row(first))
      return isAsked
    })
    .toBe(true)
  await page.waitForSelector(`dialog [data-moves=${third}]`)
  expect(await page.textContent('dialog .events')).toContain(`reprioritized ${third}`)
  await page.click('dialog [data-do=move]')
  await page.waitForSelector('dialog >> text=Done')
  expect(await lastEvent()).toMatchObject({
    type: 'reprioritized',
    jobId: third,
    commandId: expect.stringMatching(/^oncall:/),
  })
  await page.click('dialog >> text=Close')
  await page.waitForSelector(`${row(third)}[data-index="0"]`)

  // The dialog that has closed gives the focus back to where it was, maybe after this has it.
  await expect
    .poll(async () => {
      await page.locator(`${row(second)} .handle`).press('Alt+ArrowUp')
      return page.locator(`dialog [data-moves=${second}]`).isVisible()
    })
    .toBe(true)
  await page.click('dialog [data-do=move]')
  await page.waitForSelector('dialog >> text=Done')
  expect(await lastEvent()).toMatchObject({ type: 'reprioritized', jobId: second })
})

it('a refusal is shown, and what is left alone leaves no trace', async () => {
  const { store, page } = await atLevers()
  const { version } = await store.read('default', 0, 1)
  await goTo(page, '?see=levers')
  await page.fill('[name=maxActive]', '2000000')
  await page.click('[data-lever=policy] [type=submit]')
  expect(await page.textContent('dialog [role=alert]')).toMatch(/^Refused \(invalid_input\): .*maxActive/)
  await page.click('dialog >> text=Close')
  await page.click('text=Drain the queue…')
  await page.waitForSelector('dialog >> text=drain_requested')
  await page.click('dialog >> text=Leave it')
  expect((await store.read('default', 0, 1)).version).toBe(version)
})

it('what was left can be asked for again before the next frame, and is not asked once it was left', async () => {
  const { page } = await atLevers()
  await goTo(page, '?see=levers')
  await page.click('text=Drain the queue…')
  await page.waitForSelector('dialog [data-do=drain]')
  // The browser tells only with its next frame that a dialog was closed.
  const isOpen = await page.locator('text=Drain the queue…').evaluate(async (button: HTMLButtonElement) => {
    const dialog = document.querySelector<HTMLDialogElement>('dialog.ask')
    dialog?.requestClose()
    button.click()
    await Promise.resolve()
    return dialog?.open
  })
  expect(isOpen).toBe(true)
  await page.waitForSelector('dialog [data-do=drain]')

  await page.click('dialog >> text=Leave it')
  const answers: (() => void)[] = []
  await page.route('**/levers/drain', (route) => void answers.push(() => void route.continue()))
  await page.click('text=Drain the queue…')
  await page.waitForSelector('dialog >> text=Working out')
  await expect.poll(() => answers.length).toBe(1)
  await page.keyboard.press('Escape')
  const answered = page.waitForResponse('**/levers/drain')
  answers[0]?.()
  await (await answered).finished()
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)))
  expect(await page.locator('dialog.ask').isVisible()).toBe(false)
})

/** Says yes to what was asked. */
async function yes(page: Page, lever: string) {
  await page.click(`dialog [data-do=${lever}]`)
  await page.waitForSelector('dialog >> text=Done')
  await page.click('dialog >> text=Close')
}

it('models are paused, get places and a rate, and a job is cancelled', async () => {
  const { store, ledger, page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers')
  const row = '[aria-labelledby=model-levers] [data-model=whisper]'
  await page.click(`${row} >> text=Pause…`)
  await yes(page, 'pause-model')
  expect((await store.read('default', 0, 10_000)).events.some(({ type }) => type === 'model_paused')).toBe(
    true,
  )
  await page.waitForSelector(`${row} >> text=paused (by_hand)`)
  await page.click(`${row} a`)
  const form = (lever: string) => `[aria-labelledby=one-model] [data-lever=${lever}]`
  await page.fill(`${form('capacity')} input`, '3')
  await page.click(`${form('capacity')} [type=submit]`)
  await yes(page, 'capacity')
  expect(await lastEvent()).toMatchObject({ type: 'policy_changed', policy: { capacity: { whisper: 3 } } })
  // What is in force stands there, and there is nothing to set until it is changed.
  const [starts, perSeconds] = [0, 1].map((at) => page.locator(`${form('rate')} input`).nth(at))
  expect([await starts?.inputValue(), await perSeconds?.inputValue()]).toEqual(['40', '60'])
  expect(await page.isDisabled(`${form('rate')} [type=submit]`)).toBe(true)
  await starts?.fill('5')
  await page.click(`${form('rate')} [type=submit]`)
  await yes(page, 'rate')
  expect(await lastEvent()).toMatchObject({
    type: 'policy_changed',
    policy: { rate: { whisper: { starts: 5, perSeconds: 60 } } },
  })
  await page.click('text=Remove rate…')
  await yes(page, 'rate')
  expect(await lastEvent()).toMatchObject({ type: 'policy_changed', policy: { rate: {} } })
  const jobId = ledger().line.max()?.jobId
  await goTo(page, `?see=why&job=${jobId}`)
  await page.click('text=Cancel…')
  await yes(page, 'cancel')
  await page.waitForSelector('[data-why=ended] >> text=cancelled')
})

it('a model is paused for a while and with a reason, and resumed from the job that it keeps', async () => {
  const { ledger, page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers&model=whisper')
  const form = '[aria-labelledby=one-model] [data-lever=pause-model]'
  await page.fill(`${form} [type=text]`, 'provider_down')
  await page.fill(`${form} [type=number]`, '30')
  const before = Date.now()
  await page.click(`${form} [type=submit]`)
  await yes(page, 'pause-model')
  const paused = (await lastEvent()) as { readonly until?: number } | undefined
  expect(paused).toMatchObject({ type: 'model_paused', model: 'whisper', reason: 'provider_down' })
  const minutes = ((paused?.until ?? 0) / 1_000 - before) / 60_000
  expect(minutes).toBeGreaterThan(29)
  expect(minutes).toBeLessThan(31)
  const kept = [...ledger().jobs].find((job) => !job.active && job.spec.models.includes('whisper'))
  await goTo(page, `?see=why&job=${kept?.jobId}`)
  await page.waitForSelector('[data-why=model_paused]')
  // By the name that stands beside the log, and no id of a process.
  await page.waitForSelector('[data-place=whisper] >> text=/Paused \\(provider_down\\) by [a-z]+ since/')
  await page.click('[data-place=whisper] >> text=Resume…')
  await yes(page, 'resume-model')
  expect(await lastEvent()).toMatchObject({ type: 'model_resumed', model: 'whisper' })
})

it('rules that are numbers are changed, and only those that were', async () => {
  const { page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers')
  const submit = '[data-lever=policy] [type=submit]'
  await page.waitForSelector(submit)
  expect(await page.isDisabled(submit)).toBe(true)
  await page.fill('[name=ageSeconds]', '')
  await page.fill('[name="fairShare.maxActive"]', '2')
  await page.fill('[name="fairShare.spacingSeconds"]', '1.5')
  await page.click(submit)
  await page.waitForSelector('dialog >> text=policy_changed')
  await yes(page, 'policy')
  expect(await lastEvent()).toMatchObject({
    type: 'policy_changed',
    policy: {
      ...{ ageSeconds: null, maxActive: null, maxOvertakes: 4 },
      fairShare: { spacingSeconds: 1.5, maxWaiting: null, maxActive: 2 },
    },
  })
  // The form begins again, with the new policy once that has come.
  await expect.poll(() => page.isDisabled(submit)).toBe(true)
  await expect.poll(() => page.inputValue('[name="fairShare.maxActive"]')).toBe('2')
  // The dialog that has closed gives the focus back, maybe while this types.
  for (const name of ['fairShare.maxActive', 'fairShare.spacingSeconds'])
    await expect
      .poll(async () => {
        await page.fill(`[name="${name}"]`, '')
        return page.inputValue(`[name="${name}"]`)
      })
      .toBe('')
  await page.click(submit)
  await yes(page, 'policy')
  expect(await lastEvent()).toMatchObject({ type: 'policy_changed', policy: { fairShare: null } })
})

it('Why has the levers that fit a job: to the front, by force, retry', async () => {
  const { store, ledger, page, lastEvent } = await atLevers()
  const levers = () => page.locator('[aria-labelledby=why] .aside button').allTextContents()
  const [first, last] = [ledger().line.at(0)?.jobId, ledger().line.max()?.jobId]
  await goTo(page, `?see=why&job=${first}`)
  await expect.poll(levers).toEqual(['Set…', 'Cancel…'])
  await goTo(page, `?see=why&job=${last}`)
  await expect.poll(levers).toEqual(['Set…', 'To the front…', 'Cancel…'])
  await page.click('text=To the front…')
  await page.waitForSelector(`dialog [data-moves=${last}]`)
  await yes(page, 'move')
  expect(await lastEvent()).toMatchObject({ type: 'reprioritized', jobId: last })
  await expect.poll(levers).toEqual(['Set…', 'Cancel…'])

  const running = ledger().active.min()?.jobId
  await goTo(page, `?see=why&job=${running}`)
  await expect.poll(levers).toEqual(['Cancel…'])
  await page.click('text=Cancel…')
  await yes(page, 'cancel')
  await expect.poll(levers).toEqual(['Force…'])

  const [letter] = await store.dead('default', { limit: 1 })
  await goTo(page, `?see=why&job=${letter?.jobId}`)
  await page.waitForSelector('[data-why=dead]')
  expect(await levers()).toEqual(['Retry…', 'Drop…'])
  await page.click('text=Retry…')
  await page.waitForSelector('dialog >> text=queued')
  await yes(page, 'retry')
  await expect.poll(levers).toContain('Cancel…')
  expect((await store.dead('default', { limit: 500 })).map(({ jobId }) => jobId)).not.toContain(letter?.jobId)
})

it('dead letters are grouped, dropped one by one, and retried by their error', async () => {
  const { store, page } = await atLevers()
  await goTo(page, '?see=list&q=dead')
  const letters = await store.dead('default', { limit: 500 })
  await page.waitForSelector(`[data-found="${letters.length}"]`)
  const [first] = letters
  await page.click(`[data-job=${first?.jobId}] >> text=Drop…`)
  await page.click('dialog [data-do=drop]')
  await page.waitForSelector('dialog >> text=Done: 1 job')
  await page.click('dialog >> text=Close')
  await page.waitForSelector(`[data-found="${letters.length - 1}"]`)
  // Numbers in an error are ignored: those of one group are found together.
  const group = page.locator('[data-group]').first()
  const ofGroup = Number(await group.locator('b').textContent())
  await group.locator('a').click()
  await expect.poll(() => page.locator('[data-group]').count()).toBe(1)
  const chosen = Number(await page.getAttribute('[data-found]', 'data-found'))
  expect(chosen).toBeGreaterThanOrEqual(ofGroup)
  await page.click('text=Retry all…')
  await page.click('dialog [data-do=retry]')
  await page.waitForSelector(`dialog >> text=Done: ${chosen} job`)
  expect(await store.dead('default', { limit: 500 })).toHaveLength(letters.length - 1 - chosen)
})

it('a viewer finds no lever, and is told why', async () => {
  const { store } = await sceneOf({ seconds: 60, jobs: 10, waiting: 3 })
  const { address } = await served({ store, grant: viewer })
  const page = await opened(browser(), address())
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=levers')
  await page.waitForSelector('[data-role=viewer]')
  expect(await page.locator('main button').count()).toBe(0)
  await goTo(page, '?see=why&job=job-1')
  await page.waitForSelector('text=You may not see payloads')
})

it('a job is dragged by a finger at its handle; elsewhere a finger scrolls', async () => {
  const { store, ledger } = await sceneOf({ seconds: 300, jobs: 60, waiting: 60 })
  const { address } = await served({ store })
  const page = await opened(browser(), address(), { viewport: { width: 390, height: 844 }, hasTouch: true })
  await page.waitForSelector('[data-figure=event]')
  await goTo(page, '?see=levers')
  const [first, , third] = [0, 1, 2].map((at) => ledger().line.at(at)?.jobId ?? '')
  const row = (jobId: string | undefined) => page.locator(`[aria-labelledby=reorder] [data-job=${jobId}]`)
  await row(third).waitFor()
  const list = page.locator('[aria-labelledby=reorder] .windowed')
  /** A swipe may go on by itself, out of reach of the rows that are drawn: the list goes back to its top until it stays there. */
  const bringIntoView = (jobId: string | undefined) =>
    expect
      .poll(async () => {
        const isAtTop = await list.evaluate((box) => box.scrollTop === 0)
        await list.evaluate((box) => box.scrollTo(0, 0))
        // At once: a row may be drawn again while Playwright waits for it to rest.
        const rows = await row(jobId).evaluateAll((all) =>
          all.map((one) => one.scrollIntoView({ block: 'center' })),
        )
        return isAtTop && rows.length === 1
      })
      .toBe(true)
  await bringIntoView(first)
  const session = await page.context().newCDPSession(page)
  /** A finger that goes from the middle of one to the middle of the other. */
  const swipe = async (from: Locator, to: Locator) => {
    const [start, end] = [await middleOf(from), await middleOf(to)]
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: readonly Point[]) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: [...points] })
    await touch('touchStart', [start])
    for (const part of [0.3, 0.6, 1])
      await touch('touchMove', [
        { x: start.x + (end.x - start.x) * part, y: start.y + (end.y - start.y) * part },
      ])
    await touch('touchEnd', [])
  }
  await swipe(row(third), row(first))
  expect(await page.locator('dialog.ask').isVisible()).toBe(false)
  await bringIntoView(first)
  await swipe(row(third).locator('.handle'), row(first))
  await page.waitForSelector(`dialog [data-moves=${third}]`)
  expect(await page.textContent('#asked')).toBe(`Move ${third} before ${first}`)
})

interface Point {
  readonly x: number
  readonly y: number
}

async function middleOf(element: Locator): Promise<Point> {
  const { x = 0, y = 0, width = 0, height = 0 } = (await element.boundingBox()) ?? {}
  return { x: x + width / 2, y: y + height / 2 }
}

it('what somebody else has overtaken is not done, and shown as it would be now', async () => {
  const { ledger, run, page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers')
  const idAt = (at: number) => ledger().line.at(at)?.jobId ?? ''
  const [first, second, third] = [idAt(0), idAt(1), idAt(2)]
  const handle = page.locator(`[aria-labelledby=reorder] [data-job=${third}] .handle`)
  await handle.press('Alt+ArrowUp')
  await page.waitForSelector(`dialog [data-moves=${third}]`)
  await run({ type: 'reprioritize', jobId: second, before: first }, { claim: false })
  const moved = await lastEvent()
  await page.click('dialog [data-do=move]')
  await page.waitForSelector('dialog [data-overtaken]')
  expect(await lastEvent()).toEqual(moved)
  await page.click('dialog [data-do=move]')
  await page.waitForSelector('dialog >> text=Done')
  expect(await lastEvent()).toMatchObject({ type: 'reprioritized', jobId: third })
})

it('a pause and a move are put back at once, and a policy not once somebody else has changed it', async () => {
  const { store, page, lastEvent } = await atLevers()
  await goTo(page, '?see=levers')
  await page.click('[aria-labelledby=model-levers] [data-model=whisper] >> text=Pause…')
  expect(await page.textContent('dialog [data-says]')).toMatch(/\d (waiting|running) jobs? /)
  await yes(page, 'pause-model')
  // The offer outlives its dialog, and goes along to other screens.
  await goTo(page, '?see=now')
  const offer = page.locator('[data-done]')
  await expect.poll(() => offer.textContent()).toMatch(/^Done: Pause whisper/)
  await offer.getByText('Undo…').click()
  await page.waitForSelector('dialog >> text=Resume whisper')
  await yes(page, 'resume-model')
  expect(await lastEvent()).toMatchObject({ type: 'model_resumed', model: 'whisper' })
  await offer.getByText('Close').click()
  expect(await offer.count()).toBe(0)
  await goTo(page, '?see=levers')

  const ids = () => page.locator('[aria-labelledby=reorder] [data-job]').evaluateAll(idsOf)
  const before = await ids()
  const [, second, third] = before
  await expect
    .poll(async () => {
      await page.locator(`[aria-labelledby=reorder] [data-job=${second}] .handle`).press('Alt+ArrowUp')
      return page.locator(`dialog [data-moves=${second}]`).isVisible()
    })
    .toBe(true)
  await page.click('dialog [data-do=move]')
  await page.click('dialog >> text=Undo…')
  await page.waitForSelector(`dialog >> text=Put ${second} back before ${third}`)
  await yes(page, 'move')
  await expect.poll(ids).toEqual(before)

  await page.fill('[name=maxActive]', '3')
  await page.click('[data-lever=policy] [type=submit]')
  await page.click('dialog [data-do=policy]')
  await page.waitForSelector('dialog >> text=Undo…')
  const other = await createCoordinator({ store, logger: silentLogger })
  await other.setPolicy({ maxActive: 9 })
  await other.close()
  await page.click('dialog >> text=Undo…')
  await page.waitForSelector('dialog >> text=Refused (overtaken): something else has changed this since')
  await page.click('dialog >> text=Close')
  expect(await offer.count()).toBe(0)
})

const idsOf = (rows: readonly Element[]) => rows.map((row) => row.getAttribute('data-job'))
