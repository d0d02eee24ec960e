// Slow, 10 s: builds the types of the whole package.
import { expect, it } from 'vitest'
import { currentDeclarations, keptDeclarations } from '../../fast/house/declarations.ts'

it('the package exports the types that are kept; if others are meant: npm run generate -- declarations', async () => {
  expect(await currentDeclarations()).toBe(await keptDeclarations())
})
