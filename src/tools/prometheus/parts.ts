/** What the dashboard uses of this room beside what is published. */
export { answerTo } from './answer.ts'
export { isBearer } from './serve.ts'
